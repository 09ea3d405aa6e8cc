#include "pipelines/simulated_sites.h"

#include <algorithm>

#include "base/error.h"
#include "base/stop.h"
#include "pipelines/ingest.h"
#include "pipelines/modality_subsets.h"
#include "pipelines/shared_progress.h"
#include "pipelines/federation_request.h"

namespace consilium::pipelines {
namespace {

void withhold(SiteSplit& split, const LoadedSite& site) {
  if (site.as_trained.empty()) return;
  const auto own = [&](std::vector<const PreparedCase*>& cases) {
    for (const PreparedCase*& c : cases) c = &site.as_trained[static_cast<std::size_t>(c - site.cases.data())];
    std::erase_if(cases, [](const PreparedCase* c) { return is_empty(c->has); });
  };
  own(split.train);
  own(split.validation);
}

ChannelSet owned_channels(const SimulatedSite& site, const TrainingSettings& training) {
  ChannelSet owned;
  for (const std::string& channel : training.normalise.channels) owned.push_back(std::find(site.channels.begin(), site.channels.end(), channel) != site.channels.end());
  return owned;
}

}  // namespace

std::vector<LoadedSite> load_sites(const SimulationSettings& settings, const fs::path& data, const std::atomic<bool>* stop) {
  std::size_t total = 0;
  for (const SimulatedSite& site : settings.sites) total += find_cases(data / site.folder, site.files).size();
  SharedProgress progress("reading cases", total);
  std::vector<LoadedSite> sites;
  for (const SimulatedSite& site : settings.sites)
    sites.push_back({&site, prepare_site(data / site.folder, settings.training, labels_of(site), site.files, [&](const std::string&) {
                       throw_if_stopped(stop);
                       progress.advance(1, site.name);
                     })});
  for (LoadedSite& loaded : sites)
    if (!loaded.site->channels.empty())
      for (const PreparedCase& c : loaded.cases) loaded.as_trained.push_back(with_channels_only(c, owned_channels(*loaded.site, settings.training), settings.training));
  return sites;
}

void require_judgement(const std::vector<LoadedSite>& sites, const SimulationSettings& settings) {
  std::size_t judging = 0;
  for (const LoadedSite& site : sites)
    for (const PreparedCase& c : site.cases) {
      if (settings.folds == 0 && c.split != "test") continue;
      require(c.reference.has_value(), ErrorCode::kNotFound, "site " + site.site->name + ": case " + c.name + " has no labels to judge a prediction by");
      ++judging;
    }
  require(judging > 0, ErrorCode::kNotFound, "no site has a case in a folder named \"test\" to judge the models by; put some there, or set \"folds\"");
}

std::vector<SiteSplit> split_sites(const std::vector<LoadedSite>& sites, const SimulationSettings& settings, int fold) {
  std::vector<SiteSplit> splits;
  for (const LoadedSite& site : sites) {
    splits.push_back(split_site(site.cases, *site.site, settings, fold));
    withhold(splits.back(), site);
  }
  return splits;
}

SiteTestCases test_cases_of(const std::vector<LoadedSite>& sites, const std::vector<SiteSplit>& splits) {
  SiteTestCases cases;
  for (std::size_t n = 0; n < sites.size(); ++n) cases.emplace_back(sites[n].site->name, splits[n].test);
  return cases;
}

}  // namespace consilium::pipelines
