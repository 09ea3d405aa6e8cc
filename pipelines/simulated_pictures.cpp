#include "pipelines/simulated_pictures.h"

#include <algorithm>

#include "base/parallel.h"
#include "imaging/nifti/nifti.h"
#include "pipelines/ingest.h"

namespace consilium::pipelines {
namespace {

/// What a case is shown in: the settings' channel, or the first that the case has.
std::string picture_channel_of(const PreparedCase& c, const SimulationSettings& settings) {
  const std::vector<std::string>& channels = settings.training.normalise.channels;
  const auto has = [&](std::size_t n) { return c.has.empty() || c.has.at(n); };
  for (std::size_t n = 0; n < channels.size(); ++n)
    if (channels[n] == settings.picture_channel && has(n)) return channels[n];
  for (std::size_t n = 0; n < channels.size(); ++n)
    if (has(n)) return channels[n];
  return settings.picture_channel;
}

}  // namespace

void write_pictures(const SimulationSettings& settings, const fs::path& data, const std::vector<LoadedSite>& sites, const std::vector<CaseResult>& results, const fs::path& run) {
  for (const LoadedSite& site : sites) {
    const auto paths = find_cases(data / site.site->folder, site.site->files);
    parallel_for(site.cases.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        const PreparedCase& c = site.cases[n];
        const bool judged = std::any_of(results.begin(), results.end(), [&](const CaseResult& r) { return r.name == c.name && r.site == site.site->name; });
        if (!judged) continue;
        const std::string channel = picture_channel_of(c, settings);
        const fs::path image = run / "images" / site.site->name / (c.name + "_" + channel + ".nii.gz");
        if (fs::exists(image)) continue;
        const auto path = std::find_if(paths.begin(), paths.end(), [&](const CasePaths& p) { return p.name == c.name; });
        Case raw = load_case(*path, {channel}, imaging::label_scheme(site.site->scheme));
        imaging::write_nifti(run / "references" / site.site->name / (c.name + ".nii.gz"), *c.reference);
        imaging::write_nifti(image, raw.images.at(channel), {.compression = 1});
      }
    });
  }
}

}  // namespace consilium::pipelines
