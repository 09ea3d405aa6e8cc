#include "pipelines/statistics_task.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "pipelines/count_words.h"

namespace consilium::pipelines {

namespace {

void validate(const StatisticsTask& task, const std::string& path) {
  require(!task.channels.empty() && task.channels.size() <= 64, ErrorCode::kUsage, path + ".channels: name 1 to 64 channels");
  std::set<std::string> seen;
  for (const std::string& channel : task.channels) require(!channel.empty() && channel.size() <= 64 && seen.insert(channel).second, ErrorCode::kUsage, path + ".channels: \"" + channel + "\" is empty, too long or named twice");
  require(task.bins >= 2 && task.bins <= 65536, ErrorCode::kUsage, path + ".bins: expected 2 to 65536, found " + std::to_string(task.bins));
}

}  // namespace

void read_statistics_task(SettingsReader& reader, StatisticsTask& task) {
  reader.field("channels", task.channels);
  reader.field("bins", task.bins);
  reader.finish();
  validate(task, reader.path());
}

Json to_json(const StatisticsTask& task) { return {{"channels", task.channels}, {"bins", task.bins}}; }

StatisticsTask parse_statistics_plan(const Json& json) {
  StatisticsTask task;
  std::string kind;
  SettingsReader reader(json, "task");
  reader.required("kind", kind);
  require(kind == "statistics", ErrorCode::kUsage, "task.kind: expected \"statistics\", found \"" + kind.substr(0, 40) + "\"");
  read_statistics_task(reader, task);
  return task;
}

Json to_plan(const StatisticsTask& task) {
  Json json = to_json(task);
  json["kind"] = "statistics";
  return json;
}

std::size_t volume_bin(double volume_ml) {
  if (volume_ml < std::ldexp(1.0, kLowestVolumePower)) return 0;
  return static_cast<std::size_t>(std::min(std::ilogb(volume_ml), kHighestVolumePower) - kLowestVolumePower) + 1;
}

ModelState statistics_start(const StatisticsTask& task) {
  ModelState state;
  const auto zeros = [&](const std::string& name, const char* group, std::size_t count) { state.tensors.push_back(to_count_words(name, group, std::vector<std::uint64_t>(count, 0))); };
  for (const std::string& channel : task.channels) {
    zeros("range/" + channel, kRangeGroup, kMagnitudeBins);
    zeros("values/histogram/" + channel, kValuesGroup, LinearBins{0, 0, static_cast<std::size_t>(task.bins)}.size());
    zeros("values/landmarks/" + channel, kValuesGroup, kLandmarks.size());
  }
  zeros("values/cases", kValuesGroup, kCaseCounts);
  for (const std::string& region : kStatisticsRegions) zeros("values/volume/" + region, kValuesGroup, kVolumeBins);
  std::sort(state.tensors.begin(), state.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return state;
}

const NamedTensor& tensor_of(const ModelState& state, const std::string& name) {
  const auto found = std::find_if(state.tensors.begin(), state.tensors.end(), [&](const NamedTensor& t) { return t.name == name; });
  require(found != state.tensors.end(), ErrorCode::kCorruptData, "statistics: tensor " + name + " is missing");
  return *found;
}

LinearBins range_of(const ModelState& state, const StatisticsTask& task, const std::string& channel) {
  const NamedTensor& tensor = tensor_of(state, "range/" + channel);
  require(tensor.values.size() % kMagnitudeBins == 0, ErrorCode::kCorruptData, tensor.name + ": has another number of bins");
  LinearBins range{0, 0, static_cast<std::size_t>(task.bins)};
  std::size_t first = kMagnitudeBins, last = 0;
  for (std::size_t n = 0; n < tensor.values.size(); ++n)
    if (tensor.values[n] > 0) first = std::min(first, n % kMagnitudeBins), last = std::max(last, n % kMagnitudeBins);
  if (first == kMagnitudeBins) return range;
  const double most = std::ldexp(1.0, kHighestPower + 1);
  range.low = std::max(lower_edge(first), -most);
  range.high = std::min(upper_edge(last), most);
  return range;
}

}  // namespace consilium::pipelines
