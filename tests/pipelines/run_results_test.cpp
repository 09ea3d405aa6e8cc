#include "pipelines/run_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

RunResults two_cases() {
  RunResults results;
  results.regions = {"WT", "ET"};
  results.sites = {{"north", "", 1, 1, 1}, {"south", "", 1, 1, 1}};
  results.models = {{"pooled", "pooled", {"north", "south"}, 1, 2, 3, {}}};
  results.cases = {{"north", "a", "pooled", 0, {{"WT", 0.8, 4, 10, 9}, {"ET", 0.0, 100, 2, 0}}},
                   {"south", "b", "pooled", 1, {{"WT", 0.6, 8, 10, 12}, {"ET", 1.0, 0, 0, 0}}}};
  return results;
}

TEST(RunResults, SurviveTheirFile) {
  RunResults results = two_cases();
  results.title = "Title \"with\" quotes";
  results.seed = 0xFFFFFFFFFFFFFFFF;
  results.settings = {{"deep", {1, 2, 3}}};
  results.models[0].curve = {{1, 10, 0.5, {{"north", 0.7}}}};
  const Json json = to_json(results);
  EXPECT_EQ(to_json(parse_run_results(parse_json(json.dump(), "file"), "file")), json);
}

TEST(RunResults, SayWhatAFederationUploadedAndNothingOfOthers) {
  RunResults results = two_cases();
  EXPECT_THAT(to_text(results), testing::Not(HasSubstr("uploaded")));
  results.models[0].upload_bytes = 2.5e6;
  results.models[0].raw_bytes = 40e6;
  EXPECT_THAT(to_text(results), HasSubstr("2.5 MB (16.0 times fewer than float32) uploaded"));
  results.models[0].upload_bytes = 40e6;
  EXPECT_THAT(to_text(results), HasSubstr("40.0 MB uploaded"));
}

TEST(RunResults, SayWhichClusterASiteChose) {
  RunResults results = two_cases();
  EXPECT_EQ(cluster_text(results.models[0], "north"), "");
  results.models[0].clusters = {{"north", {0, 0, 0, 1, 1}}, {"south", {-1, 1, -1, -1, 0}}};  // four rounds and the last look; best after round 3
  const Json json = to_json(results);
  EXPECT_EQ(to_json(parse_run_results(parse_json(json.dump(), "file"), "file")), json);
  EXPECT_EQ(cluster_text(results.models[0], "north"), "1 (rounds 1 to 3: 0, 4: 1)");
  EXPECT_EQ(cluster_text(results.models[0], "south"), "1 (round 1: -, 2: 1, 3 to 4: -)") << "the last that it said before the best round";
  EXPECT_THAT(to_text(results), HasSubstr("pooled at north: cluster 1 (rounds"));
}

TEST(RunResults, MeansAreOverCasesAndRegions) {
  const RunResults results = two_cases();
  EXPECT_DOUBLE_EQ(mean_score(results, "pooled", "", "WT").dice, 0.7);
  EXPECT_DOUBLE_EQ(mean_score(results, "pooled", "north", "").dice, 0.4);
  EXPECT_DOUBLE_EQ(mean_score(results, "pooled", "", "").dice, 0.6);
  EXPECT_DOUBLE_EQ(mean_score(results, "pooled", "", "WT").hd95_mm, 6);
  EXPECT_EQ(mean_score(results, "pooled", "", "").cases, 2U);
  EXPECT_TRUE(std::isnan(mean_score(results, "nobody", "", "").dice));
}

TEST(RunResults, CountRegionsThatOnlyOneSideHas) {
  EXPECT_EQ(mean_score(two_cases(), "pooled", "", "").missed, 1U);
  EXPECT_EQ(mean_score(two_cases(), "pooled", "south", "").missed, 0U) << "both empty is no miss";
}

TEST(RunResults, ADistanceThatWasNotRecordedIsCountedAndLeftOutOfTheMean) {
  RunResults results = two_cases();
  results.cases[0].regions[0].hd95_mm = std::numeric_limits<double>::infinity();
  const RunResults read = parse_run_results(parse_json(to_json(results).dump(), "file"), "file");  // JSON has null there
  const MeanScore mean = mean_score(read, "pooled", "", "WT");
  EXPECT_DOUBLE_EQ(mean.hd95_mm, 8);
  EXPECT_EQ(mean.without_hd95, 1U);
  EXPECT_DOUBLE_EQ(mean.dice, 0.7);
}

TEST(RunResults, TextHoldsATableForEveryRegionAndTheMean) {
  const std::string text = to_text(two_cases());
  for (const char* words : {"WT Dice", "ET Dice", "mean Dice", "WT HD95", "all sites"}) EXPECT_THAT(text, HasSubstr(words));
}

TEST(RunResults, RefusalsNameTheKey) {
  const auto read = [](const std::string& text) {
    return test::refusal(ErrorCode::kUsage, [&] { parse_run_results(parse_json(text, "results.json"), "results.json"); });
  };
  EXPECT_THAT(read(R"({"schema": "consilium.results/9", "regions": []})"), HasSubstr("consilium.results/1"));
  EXPECT_THAT(read(R"({"schema": "consilium.results/1"})"), HasSubstr("regions"));
  EXPECT_THAT(read(R"({"schema": "consilium.results/1", "regions": ["WT"], "case": []})"), HasSubstr("cases"));
  EXPECT_THAT(read(R"({"schema": "consilium.results/1", "regions": ["WT"], "cases": [{"site": "a"}]})"), HasSubstr("case"));
  EXPECT_THAT(read(R"({"schema": "consilium.results/1", "regions": "WT"})"), HasSubstr("regions"));
  EXPECT_THAT(read("[]"), HasSubstr("results.json"));
}

}  // namespace
}  // namespace consilium::pipelines
