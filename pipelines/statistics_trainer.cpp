#include "pipelines/statistics_trainer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/stop.h"
#include "imaging/metrics/overlap.h"
#include "pipelines/count_words.h"
#include "pipelines/foreground.h"

namespace consilium::pipelines {
namespace {

/// The patient's values of a channel, sorted.
std::vector<float> values_of(const Volume& volume, const std::string& channel) {
  const std::vector<std::uint8_t> inside = foreground(volume, channel);
  std::vector<float> values;
  for (std::size_t n = 0; n < inside.size(); ++n)
    if (inside[n] != 0 && std::isfinite(volume.voxels[n])) values.push_back(volume.voxels[n]);
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<std::uint64_t> magnitudes_of(const std::vector<float>& values) {
  std::vector<std::uint64_t> counts(kMagnitudeBins, 0);
  for (const float value : values) ++counts[magnitude_bin(value)];
  return counts;
}

std::vector<std::uint64_t> histogram_of(const std::vector<float>& values, const LinearBins& bins) {
  std::vector<std::uint64_t> counts(bins.size(), 0);
  for (const float value : values) ++counts[bins.bin_of(value)];
  return counts;
}

/// Percentiles as whole parts of the range; between two values the lower one.
std::vector<std::uint64_t> landmarks_of(const std::vector<float>& values, const LinearBins& bins) {
  std::vector<std::uint64_t> parts(kLandmarks.size(), 0);
  if (values.empty()) return parts;
  for (std::size_t n = 0; n < kLandmarks.size(); ++n) {
    const double value = values[(values.size() - 1) * static_cast<std::size_t>(kLandmarks[n]) / 100];
    parts[n] = static_cast<std::uint64_t>(std::lround(std::clamp((value - bins.low) / (bins.high - bins.low), 0.0, 1.0) * kLandmarkSteps));
  }
  return parts;
}

/// The sums over a site's cases, by tensor name.
class SiteCounts {
 public:
  void add(const std::string& name, const std::vector<std::uint64_t>& of_case) { bins_.try_emplace(name, of_case.size()).first->second.add_case(of_case); }
  /// Of a tensor of `size` numbers; zeros when no case has it.
  std::vector<std::uint64_t> counts(const std::string& name, std::size_t size, std::uint64_t fewest_cases) const {
    const auto found = bins_.find(name);
    if (found == bins_.end()) return std::vector<std::uint64_t>(size, 0);
    BinCounts bins = found->second;
    bins.suppress(fewest_cases);
    return bins.counts;
  }

 private:
  std::map<std::string, BinCounts> bins_;
};

void count_volumes(const LabelMap& labels, const std::vector<std::string>& regions, SiteCounts& counts) {
  for (const imaging::Region region : {imaging::Region::kWT, imaging::Region::kTC, imaging::Region::kET}) {
    const std::string name(imaging::to_string(region));
    if (std::find(regions.begin(), regions.end(), name) == regions.end()) continue;
    const double volume = imaging::volume_ml(imaging::region_mask(labels, region), labels.geometry);
    if (volume == 0) continue;
    std::vector<std::uint64_t> bins(kVolumeBins, 0);
    bins[volume_bin(volume)] = 1;
    counts.add("values/volume/" + name, bins);
  }
}

}  // namespace

fl::Update StatisticsTrainer::train(const fl::RoundPlan& plan, const ModelState& global) {
  const StatisticsTask task = parse_statistics_plan(parse_json(plan.task, "task"));
  const bool first = plan.round == 0;
  const std::vector<CasePaths> paths = find_cases(site_.data, site_.files);
  const auto fewest = static_cast<std::uint64_t>(std::max<std::int64_t>(1, site_.minimum_count));
  const bool counts_at_all = paths.size() >= fewest;
  SiteCounts counts;
  for (std::size_t n = 0; counts_at_all && n < paths.size(); ++n) {
    throw_if_stopped(stop_);
    const Case raw = load_case(paths[n], task.channels, site_.scheme);
    for (const std::string& channel : task.channels) {
      const std::vector<float> values = values_of(raw.images.at(channel), channel);
      if (first) {
        counts.add("range/" + channel, magnitudes_of(values));
        continue;
      }
      const LinearBins bins = range_of(global, task, channel);
      if (bins.low == bins.high) continue;
      counts.add("values/histogram/" + channel, histogram_of(values, bins));
      counts.add("values/landmarks/" + channel, landmarks_of(values, bins));
    }
    if (first) continue;
    counts.add("values/cases", {0, 1, raw.labels ? 1U : 0U});
    if (raw.labels) count_volumes(*raw.labels, site_.regions, counts);
  }
  fl::Update update;
  const std::string group = first ? kRangeGroup : kValuesGroup;
  for (const NamedTensor& tensor : global.tensors) {
    if (tensor.group != group) continue;
    const bool sums_over_all = tensor.name.starts_with("values/landmarks/");  // a landmark at the lower end of the range counts 0: no bin that few reach
    std::vector<std::uint64_t> sums = counts.counts(tensor.name, tensor.values.size() / 3, sums_over_all ? 0 : fewest);
    if (tensor.name == "values/cases") sums[0] = counts_at_all ? 1 : 0;
    update.delta.tensors.push_back(to_count_words(tensor.name, tensor.group, sums));
  }
  update.cases_per_group = {{group, 1}};  // sites of equal weight: their mean is their sum
  return update;
}

}  // namespace consilium::pipelines
