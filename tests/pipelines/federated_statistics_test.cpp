#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/files.h"
#include "base/rng.h"
#include "fl/run_in_process.h"
#include "imaging/metrics/overlap.h"
#include "pipelines/count_words.h"
#include "pipelines/foreground.h"
#include "pipelines/statistics_result.h"
#include "pipelines/statistics_trainer.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

TEST(CountWords, SumsOfAnyNumberOfSitesSurviveTheMeanInFloat) {
  Rng rng(4);
  for (const std::size_t sites : {1U, 3U, 7U, 1000U, 1024U}) {
    std::vector<std::uint64_t> sums(4, 0);
    std::vector<double> mean(12, 0);
    for (std::size_t s = 0; s < sites; ++s) {
      const std::vector<std::uint64_t> counts{rng.below(kLargestCount + 1), kLargestCount, 0, rng.below(100)};
      const NamedTensor words = to_count_words("n", "g", counts);
      for (std::size_t n = 0; n < 4; ++n) sums[n] += counts[n];
      for (std::size_t n = 0; n < mean.size(); ++n) mean[n] += static_cast<double>(words.values[n]);
    }
    NamedTensor averaged = to_count_words("n", "g", std::vector<std::uint64_t>(4, 0));
    for (std::size_t n = 0; n < mean.size(); ++n) averaged.values[n] = static_cast<float>(mean[n] / static_cast<double>(sites));
    EXPECT_EQ(sums_of(averaged, sites), sums) << sites << " sites";
  }
}

TEST(CountWords, WhatIsNoMeanOfCountsIsRefused) {
  NamedTensor words = to_count_words("range/T1", "range", std::vector<std::uint64_t>{5, 6});
  for (const float value : {0.5F, -1.0F, 8193.0F, std::numeric_limits<float>::quiet_NaN()}) {
    words.values[1] = value;
    EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { sums_of(words, 1); }), HasSubstr("range/T1")) << value;
  }
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [] { to_count_words("n", "g", std::vector<std::uint64_t>{kLargestCount + 1}); }), HasSubstr("too large"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { sums_of(words, 1025); }), HasSubstr("1024"));
}

TEST(BinCounts, ABinThatFewCasesReachBecomesEmpty) {
  BinCounts bins(3);
  bins.add_case(std::vector<std::uint64_t>{100, 1, 0});
  bins.add_case(std::vector<std::uint64_t>{1, 1, 0});
  bins.add_case(std::vector<std::uint64_t>{1, 0, 900});
  bins.suppress(2);
  EXPECT_THAT(bins.counts, testing::ElementsAre(102, 2, 0));  // 900 voxels of one patient are one patient
}

TEST(BinCounts, MagnitudesLieWithinTheEdgesOfTheirBin) {
  for (const double value : {-5e6, -1024.0, -1023.9, -1.0, -1e-7, 0.0, 1e-7, 1.0, 1.5, 2.0, 4095.0, 5e6}) {
    const std::size_t bin = magnitude_bin(value);
    EXPECT_LE(lower_edge(bin), value);
    EXPECT_GE(upper_edge(bin), value);
  }
  for (std::size_t bin = 1; bin < kMagnitudeBins; ++bin) EXPECT_EQ(lower_edge(bin), upper_edge(bin - 1));
}

TEST(BinCounts, AQuantileIsAtMostABinOff) {
  Rng rng(8);
  std::vector<double> values;
  const LinearBins bins{-10, 30, 64};
  std::vector<std::uint64_t> counts(bins.size(), 0);
  for (int n = 0; n < 5000; ++n) {
    values.push_back(rng.normal(8, 4));
    ++counts[bins.bin_of(values.back())];
  }
  std::sort(values.begin(), values.end());
  for (const double p : {0.01, 0.25, 0.5, 0.75, 0.99}) EXPECT_NEAR(quantile(bins, counts, p), values[static_cast<std::size_t>(p * 5000)], bins.width()) << p;
  EXPECT_TRUE(std::isnan(quantile(bins, std::vector<std::uint64_t>(bins.size(), 0), 0.5)));
}

/// Three sites of 6, 7 and 3 tiny patients.
class FederatedStatistics : public testing::Test {
 protected:
  FederatedStatistics() {
    for (std::size_t s = 0; s < names.size(); ++s) test::write_tiny_site(folder.path() / names[s], names[s], kCases[s] - 1, 1, 100 * (s + 1));
  }
  StatisticsSite site(std::size_t s, std::int64_t minimum_count) const { return {folder.path() / names[s], imaging::label_scheme("brats2023"), {}, {"WT", "TC", "ET"}, minimum_count}; }

  Json run(const std::vector<std::int64_t>& minimum_counts, std::uint64_t salt = 0) {
    std::vector<StatisticsTrainer> trainers;
    for (std::size_t s = 0; s < names.size(); ++s) trainers.emplace_back(site(s, minimum_counts[s]));
    std::vector<std::pair<std::string, fl::Trainer*>> sites;
    for (std::size_t s = 0; s < names.size(); ++s) sites.emplace_back(names[s], &trainers[s]);
    const fl::FederationSettings settings{.sites = names, .rounds = kStatisticsRounds, .task = to_plan(task).dump()};
    const fl::RunState state = fl::run_in_process(settings, statistics_start(task), sites, folder.path() / ("run_" + std::to_string(salt))).state;
    return statistics_result(task, state.global, state.reports);
  }
  /// All values of a channel of the first `sites` sites, sorted: what one place would have counted.
  std::vector<float> pooled(const std::string& channel, std::size_t sites) const {
    std::vector<float> values;
    for (std::size_t s = 0; s < sites; ++s)
      for (const CasePaths& paths : find_cases(folder.path() / names[s], {})) {
        const Volume volume = load_case(paths, {channel}, imaging::label_scheme("brats2023")).images.at(channel);
        const auto inside = foreground(volume, channel);
        for (std::size_t n = 0; n < inside.size(); ++n)
          if (inside[n] != 0) values.push_back(volume.voxels[n]);
      }
    std::sort(values.begin(), values.end());
    return values;
  }

  static constexpr int kCases[] = {6, 7, 3};
  const std::vector<std::string> names{"east", "north", "west"};
  TemporaryFolder folder;
  StatisticsTask task{{"T1ce", "FLAIR"}, 64};
};

TEST_F(FederatedStatistics, AreThoseOfAllCasesInOnePlace) {
  const Json found = run({1, 1, 1});
  EXPECT_EQ(found["sites_counted"], 3);
  EXPECT_EQ(found["cases"], 16);
  EXPECT_EQ(found["labelled_cases"], 16);
  for (const std::string& channel : task.channels) {
    const std::vector<float> values = pooled(channel, 3);
    const Json& c = found["channels"][channel];
    EXPECT_EQ(c["voxels"], values.size());
    const LinearBins bins{c["range"][0], c["range"][1], 64};
    std::vector<std::uint64_t> counts(bins.size(), 0);
    for (const float value : values) ++counts[bins.bin_of(value)];
    EXPECT_EQ(c["histogram"], Json(std::vector<std::uint64_t>(counts.begin() + 1, counts.end() - 1)));
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    EXPECT_NEAR(c["mean"].get<double>(), mean, c["mean_error"].get<double>());
    for (const Json& q : c["quantiles"]) EXPECT_NEAR(q["value"].get<double>(), values[static_cast<std::size_t>(q["p"].get<double>() * static_cast<double>(values.size() - 1))], c["quantile_error"].get<double>());
  }
  const auto volumes = found["tumour_volumes"]["WT"].get<std::vector<int>>();
  EXPECT_EQ(std::accumulate(volumes.begin(), volumes.end(), 0), 16);
}

TEST_F(FederatedStatistics, LandmarksAreMeansOverCasesOfTheirPercentiles) {
  const Json found = run({1, 1, 1});
  double sum = 0;
  for (const std::string& name : names)
    for (const CasePaths& paths : find_cases(folder.path() / name, {})) {
      const Volume volume = load_case(paths, {"FLAIR"}, imaging::label_scheme("brats2023")).images.at("FLAIR");
      const auto inside = foreground(volume, "FLAIR");
      std::vector<float> values;
      for (std::size_t n = 0; n < inside.size(); ++n)
        if (inside[n] != 0) values.push_back(volume.voxels[n]);
      std::sort(values.begin(), values.end());
      sum += static_cast<double>(values[(values.size() - 1) / 2]);
    }
  const Json& flair = found["channels"]["FLAIR"];
  EXPECT_EQ(flair["landmarks"][5]["percentile"], 50);
  EXPECT_NEAR(flair["landmarks"][5]["value"].get<double>(), sum / 16, flair["landmark_error"].get<double>() + 1e-9);
}

TEST_F(FederatedStatistics, ASiteBelowItsOwnMinimumSendsNothingButZeros) {
  const Json found = run({1, 1, 4});
  EXPECT_EQ(found["sites_answered"], 3);
  EXPECT_EQ(found["sites_counted"], 2);
  EXPECT_EQ(found["cases"], 13);
  EXPECT_EQ(found["channels"]["T1ce"]["voxels"], pooled("T1ce", 2).size());
  StatisticsTrainer small(site(2, 4));
  for (const std::int64_t round : {0, 1})
    for (const NamedTensor& tensor : small.train({round, 2, "", to_plan(task).dump()}, statistics_start(task)).delta.tensors)
      EXPECT_TRUE(std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return v == 0; })) << tensor.name;
}

TEST_F(FederatedStatistics, ABinOfFewCasesIsLeftOutWhateverTheCoordinatorAsks) {
  const Json all = run({1, 1, 1}, 0), kept = run({3, 3, 3}, 1);
  const auto a = all["channels"]["FLAIR"]["histogram"].get<std::vector<std::uint64_t>>(), k = kept["channels"]["FLAIR"]["histogram"].get<std::vector<std::uint64_t>>();
  std::uint64_t before = 0, after = 0;
  for (std::size_t n = 0; n < a.size(); ++n) before += a[n], after += k[n];
  EXPECT_LT(after, before);
  EXPECT_GT(after, 0U);
  EXPECT_EQ(kept["cases"], 16);
  // A plan cannot carry a rule of its own.
  Json plan = to_plan(task);
  plan["minimum_count"] = 1;
  StatisticsTrainer trainer(site(0, 3));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { trainer.train({0, 2, "", plan.dump()}, statistics_start(task)); }), HasSubstr("minimum_count"));
}

TEST(StatisticsTask, OddTasksAreRefused) {
  for (const Json& odd : {Json{{"kind", "statistics"}, {"bins", 1}}, Json{{"kind", "statistics"}, {"bins", 100000}}, Json{{"kind", "statistics"}, {"channels", Json::array()}},
                          Json{{"kind", "statistics"}, {"channels", {"T1", "T1"}}}, Json{{"kind", "train"}}, Json{{"kind", "statistics"}, {"channel", "T1"}}})
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_statistics_plan(odd); }), HasSubstr("task")) << odd;
}

}  // namespace
}  // namespace consilium::pipelines
