#include "pipelines/statistics_result.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "pipelines/count_words.h"

namespace consilium::pipelines {
namespace {

std::size_t accepted_in(const std::vector<fl::RoundReport>& reports, std::int64_t round) {
  for (const fl::RoundReport& report : reports)
    if (report.round == round)
      return static_cast<std::size_t>(std::count_if(report.sites.begin(), report.sites.end(), [](const fl::SiteOutcome& s) { return s.participation == fl::Participation::kAccepted; }));
  return 0;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// Mean of the counted values, each taken for the middle of its bin: at most half a width off.
double mean_of(const LinearBins& bins, const std::vector<std::uint64_t>& counts) {
  double sum = 0, total = 0;
  for (std::size_t n = 1; n <= bins.bins; ++n) {
    const auto count = static_cast<double>(counts[n]);
    sum += count * (bins.low + bins.width() * (static_cast<double>(n) - 0.5));
    total += count;
  }
  return sum / total;
}

Json channel_result(const StatisticsTask& task, const ModelState& means, const std::string& channel, std::size_t sites, std::uint64_t cases) {
  const LinearBins bins = range_of(means, task, channel);
  const std::vector<std::uint64_t> counts = sums_of(tensor_of(means, "values/histogram/" + channel), sites);
  Json json{{"range", {bins.low, bins.high}},
            {"voxels", std::accumulate(counts.begin(), counts.end(), std::uint64_t{0})},
            {"below_range", counts.front()},
            {"above_range", counts.back()},
            {"histogram", std::vector<std::uint64_t>(counts.begin() + 1, counts.end() - 1)},
            {"mean", number_or_null(mean_of(bins, counts))},
            {"mean_error", bins.width() / 2},
            {"quantiles", Json::array()},
            {"quantile_error", bins.width()},
            {"landmarks", Json::array()},
            {"landmark_error", (bins.high - bins.low) / kLandmarkSteps / 2}};
  for (const double p : {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99}) json["quantiles"].push_back({{"p", p}, {"value", number_or_null(quantile(bins, counts, p))}});
  const std::vector<std::uint64_t> landmarks = sums_of(tensor_of(means, "values/landmarks/" + channel), sites);
  for (std::size_t n = 0; n < kLandmarks.size(); ++n)
    json["landmarks"].push_back({{"percentile", kLandmarks[n]}, {"value", cases == 0 ? Json() : Json(bins.low + (bins.high - bins.low) * static_cast<double>(landmarks[n]) / kLandmarkSteps / static_cast<double>(cases))}});
  return json;
}

}  // namespace

Json statistics_result(const StatisticsTask& task, const ModelState& means, const std::vector<fl::RoundReport>& reports) {
  const std::size_t sites = accepted_in(reports, 1);
  const std::vector<std::uint64_t> cases = sums_of(tensor_of(means, "values/cases"), sites);
  Json json{{"schema", "consilium.statistics/1"}, {"sites_answered", sites}, {"sites_counted", cases[0]}, {"cases", cases[1]}, {"labelled_cases", cases[2]}, {"channels", Json::object()}, {"tumour_volumes", Json::object()}};
  std::vector<double> edges;
  for (int power = kLowestVolumePower; power <= kHighestVolumePower; ++power) edges.push_back(std::ldexp(1.0, power));
  json["volume_edges_ml"] = edges;
  for (const std::string& channel : task.channels) json["channels"][channel] = channel_result(task, means, channel, sites, cases[1]);
  for (const std::string& region : kStatisticsRegions) json["tumour_volumes"][region] = sums_of(tensor_of(means, "values/volume/" + region), sites);
  return json;
}

}  // namespace consilium::pipelines
