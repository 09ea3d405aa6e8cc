#include "pipelines/dataset.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace consilium::pipelines {
namespace {

std::vector<const PreparedCase*> shuffled(std::vector<const PreparedCase*> cases, Rng rng) {
  for (std::size_t n = cases.size(); n > 1; --n) std::swap(cases[n - 1], cases[rng.below(n)]);
  return cases;
}

/// Takes validation cases away from the end of `rest`; at least one case is left to train.
void share_out(SiteSplit& split, std::vector<const PreparedCase*> rest, const std::string& site, const TrainingSettings& settings) {
  require(!rest.empty(), ErrorCode::kUsage, "site " + site + ": no case is left to train on");
  for (const PreparedCase* c : rest) require(!c->sample.labels.empty(), ErrorCode::kUsage, "site " + site + ": training case " + c->name + " has no labels");
  const std::size_t wanted = std::min<std::size_t>(static_cast<std::size_t>(settings.validation_cases), rest.size() - 1);
  split.validation.assign(rest.end() - static_cast<std::ptrdiff_t>(wanted), rest.end());
  rest.resize(rest.size() - wanted);
  split.train = std::move(rest);
}

/// A modality of several channels is there when all of them are: its encoder takes them together.
std::vector<bool> whole_modalities(std::vector<bool> present, const std::vector<models::ModalityOptions>& modalities, const std::string& case_name) {
  auto first = present.begin();
  for (const models::ModalityOptions& modality : modalities) {
    const auto last = first + modality.channels;
    if (std::find(first, last, false) != last) std::fill(first, last, false);
    first = last;
  }
  require(std::find(present.begin(), present.end(), true) != present.end(), ErrorCode::kNotFound, "case " + case_name + ": has no modality of which all channels are there");
  return present;
}

}  // namespace

const imaging::LabelScheme& scheme_of(Target target) { return imaging::label_scheme(target == Target::kBratsRegions ? "internal" : "binary"); }

PreparedCase prepare(const CasePaths& paths, const TrainingSettings& settings, const SiteLabels& labels, const PrepareOptions& options) {
  const Annotation annotation = annotation_of(labels, settings.target);
  LoadOptions load = load_options(settings.normalise);
  load.labels = options.with_labels;
  Case raw = load_case(paths, settings.normalise.channels, labels.scheme, load);
  std::optional<LabelMap> in_full;
  if (raw.labels && labels.judged_in_full) in_full = to_classes(*raw.labels, settings.target);
  if (raw.labels) raw.labels = to_known_classes(*raw.labels, labels, settings.target);
  const NormalisedCase normal = normalise(raw, settings.normalise);
  PreparedCase result;
  result.name = paths.name;
  result.split = paths.split;
  result.grid = normal.grid;
  result.has = normal.present;
  result.evidence = raw.evidence;
  result.alignments = raw.alignments;
  if (const auto series = raw.series.find(normal.reference); series != raw.series.end()) result.reference_series = series->second;
  result.native = normal.native;
  result.reference = in_full ? std::move(in_full) : std::move(raw.labels);
  result.annotated = annotation.regions;
  result.judged = labels.judged_in_full ? region_names(settings.target) : annotation.regions;
  result.sample.sets = annotation.sets;
  const Size3& size = normal.grid.size;
  result.sample.id = paths.name;
  if (settings.normalise.missing == Missing::kAbsent) result.sample.present = whole_modalities(normal.present, settings.model.multimodal.modalities, paths.name);
  result.sample.channels = static_cast<int>(normal.images.size());
  result.sample.size = {static_cast<std::int64_t>(size[2]), static_cast<std::int64_t>(size[1]), static_cast<std::int64_t>(size[0])};
  for (const Volume& image : normal.images) result.sample.image.insert(result.sample.image.end(), image.voxels.begin(), image.voxels.end());
  if (normal.labels) result.sample.labels = normal.labels->labels;
  return result;
}

std::vector<PreparedCase> prepare_site(const std::filesystem::path& folder, const TrainingSettings& settings, const SiteLabels& labels, const FilePatterns& files, const std::function<void(const std::string&)>& on_case) {
  const std::vector<CasePaths> paths = find_cases(folder, files);
  std::vector<PreparedCase> cases(paths.size());
  std::mutex guard;
  parallel_for(paths.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) {
      cases[n] = prepare(paths[n], settings, labels);
      const std::lock_guard lock(guard);
      if (on_case) on_case(cases[n].name);
    }
  });
  return cases;
}

SiteSplit split_by_folders(const std::vector<PreparedCase>& cases, const std::string& site, const TrainingSettings& settings) {
  SiteSplit split;
  std::vector<const PreparedCase*> rest;
  for (const PreparedCase& c : cases) (c.split == "test" ? split.test : rest).push_back(&c);
  share_out(split, shuffled(std::move(rest), Rng(settings.seed).fork("split").fork(site)), site, settings);
  return split;
}

SiteSplit split_by_folds(const std::vector<PreparedCase>& cases, const std::string& site, const TrainingSettings& settings, int fold, int folds) {
  require(folds >= 2 && fold >= 0 && fold < folds, ErrorCode::kUsage, "expected at least 2 folds");
  std::vector<const PreparedCase*> all, rest;
  for (const PreparedCase& c : cases) all.push_back(&c);
  all = shuffled(std::move(all), Rng(settings.seed).fork("folds").fork(site));
  SiteSplit split;
  for (std::size_t n = 0; n < all.size(); ++n) (static_cast<int>(n % static_cast<std::size_t>(folds)) == fold ? split.test : rest).push_back(all[n]);
  if (rest.empty()) {  // a site with a single case is judged when it is its turn, and trains in the other folds
    require(all.size() == 1, ErrorCode::kUsage, "site " + site + ": no case is left to train on");
    return split;
  }
  share_out(split, std::move(rest), site, settings);
  return split;
}

std::vector<models::TrainingCase> samples_of(const std::vector<const PreparedCase*>& cases) {
  std::vector<models::TrainingCase> samples;
  for (const PreparedCase* c : cases) samples.push_back(c->sample);
  return samples;
}

}  // namespace consilium::pipelines
