#include "pipelines/alignment_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "pipelines/report_subsets.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Cases whose vectors in every modality point the same way, but for noise.
std::vector<FeatureVector> vectors(std::size_t cases, double noise, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<FeatureVector> all;
  for (std::size_t c = 0; c < cases; ++c) {
    std::vector<double> own(16);
    for (double& value : own) value = rng.normal();
    for (const char* modality : {"CT", "MR"}) {
      FeatureVector v{"site", "case_" + std::to_string(c), modality, "", {}};
      for (const double value : own) v.values.push_back(static_cast<float>(value + noise * rng.normal()));
      all.push_back(std::move(v));
    }
  }
  return all;
}

TEST(Retrieval, AlignedVectorsFindTheirOwnCaseAndUnrelatedOnesDoByChance) {
  constexpr std::size_t kCases = 40;
  const auto results = retrieval_between(vectors(kCases, 0.05, 1), vectors(kCases, 1000, 2));
  ASSERT_EQ(results.size(), 2U);
  for (const Retrieval& r : results) {
    EXPECT_EQ(r.cases, 40);
    EXPECT_EQ(r.chance, 1.0 / 40);
    EXPECT_EQ(r.top1, 1);
    EXPECT_LT(r.top1_before, 0.15) << "6 or more of 40 by chance: one in two hundred";
  }
  EXPECT_EQ(results[0].from, "CT");
  EXPECT_EQ(results[0].to, "MR");
}

TEST(Retrieval, VectorsThatAreAllAlikeFindNothing) {
  auto same = vectors(5, 0, 1);
  for (FeatureVector& v : same) v.values.assign(16, 1.0F);
  EXPECT_EQ(retrieval_between(same, same)[0].top1, 0);
}

TEST(Retrieval, OnlyCasesWithBothModalitiesAreCounted) {
  auto some = vectors(6, 0.01, 1);
  some.erase(some.begin() + 1);  // the first case's MR
  EXPECT_EQ(retrieval_between(some, some)[0].cases, 5);
}

TEST(TwoComponents, AreThoseOfAnEllipseTheSameEachTime) {
  Rng rng(3);
  std::vector<FeatureVector> ellipse;
  const double angle = 0.7;
  std::vector<std::pair<double, double>> along;
  for (int n = 0; n < 200; ++n) {
    const double a = 3 * rng.normal(), b = rng.normal();
    along.emplace_back(a, b);
    ellipse.push_back({"s", std::to_string(n), "CT", "", {static_cast<float>(a * std::cos(angle) - b * std::sin(angle) + 5), static_cast<float>(a * std::sin(angle) + b * std::cos(angle)), 7.0F}});
  }
  const auto places = two_components(ellipse);
  double mean_a = 0, mean_b = 0;
  for (const auto& [a, b] : along) mean_a += a / 200, mean_b += b / 200;
  // Principal axes of a sample differ a little from those it was drawn along; distances do not.
  for (std::size_t n = 0; n < places.size(); ++n) {
    const double expected = std::hypot(along[n].first - mean_a, along[n].second - mean_b);
    EXPECT_NEAR(std::hypot(places[n].first, places[n].second), expected, 1e-4);
  }
  double product = 0, first = 0, second = 0;
  for (const auto& [x, y] : places) product += x * y, first += x * x, second += y * y;
  EXPECT_NEAR(product, 0, 1e-6 * first) << "uncorrelated";
  EXPECT_GT(first, 5 * second);
  EXPECT_EQ(two_components(ellipse), places);
}

TEST(TwoComponents, OfVectorsThatDoNotDifferAreZero) {
  for (const auto& [x, y] : two_components({{"s", "a", "CT", "", {1, 2}}, {"s", "b", "CT", "", {1, 2}}})) {
    EXPECT_EQ(x, 0);
    EXPECT_EQ(y, 0);
  }
  EXPECT_TRUE(two_components({}).empty());
}

RunResults judged() {
  RunResults results;
  results.regions = {"lesion"};
  results.sites = {{.name = "basel"}, {.name = "genf"}};
  results.models = {{.name = "basel", .kind = "single"}, {.name = "federated", .kind = "federated"}};
  const auto add = [&](const char* site, const char* name, const char* model, std::vector<std::string> channels, double dice) { results.subsets.push_back({site, name, model, 0, std::move(channels), {{"lesion", dice}}}); };
  add("basel", "one", "federated", {"CT", "PET"}, 0.8);
  add("basel", "one", "federated", {"CT"}, 0.5);
  add("basel", "one", "basel", {"CT"}, 0.25);
  add("genf", "two", "federated", {"CT"}, 0.75);
  results.alignment.model = "federated";
  results.alignment.retrieval = {{"CT", "PET", 20, 0.6, 0.05, 0.05}};
  results.alignment.points = {{"basel", "one", "CT", "", 1, 2, 3, 4}, {"basel", "one", "PET", "", 0, 2, 3, 5}, {"basel", "one<b>", "CT", "1", 1, 1, 1, 1}};
  results.alignment.gates = {{"basel", "CT level 0", 0.7, 1}};
  return results;
}

TEST(SubsetResults, MeansAreOverCasesOfTheSubset) {
  const RunResults results = judged();
  EXPECT_EQ(subset_mean(results.subsets, "federated", "", {"CT"}).dice, 0.625);
  EXPECT_EQ(subset_mean(results.subsets, "federated", "genf", {"CT"}).dice, 0.75);
  EXPECT_EQ(subset_mean(results.subsets, "basel", "genf", {"CT"}).cases, 0U);
  EXPECT_EQ(subsets_in(results.subsets), (std::vector<std::vector<std::string>>{{"CT"}, {"CT", "PET"}}));
  EXPECT_EQ(subset_name({"CT", "PET"}), "CT + PET");
}

TEST(SubsetResults, AreInTheFileOfResultsAndReadBack) {
  const RunResults results = judged();
  const Json json = to_json(results);
  EXPECT_EQ(to_json(parse_run_results(json, "results.json")), json);
  Json damaged = json;
  damaged["subsets"][0].erase("dice");
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { parse_run_results(damaged, "results.json"); }), HasSubstr("subsets[0]"));
}

TEST(SubsetReport, ShowsEverySubsetAndWhatWasNotJudged) {
  const RunResults results = judged();
  const std::string table = subset_table(results, "");
  EXPECT_THAT(table, HasSubstr("<th scope=\"row\">CT + PET</th><td>–</td><td><b>0.800</b></td>"));
  EXPECT_THAT(table, HasSubstr("<th scope=\"row\">CT</th><td>0.250</td><td><b>0.625</b></td>"));
  EXPECT_THAT(subset_tables(results), HasSubstr("test cases of genf"));
  EXPECT_EQ(subset_table({}, ""), "");
  EXPECT_THAT(retrieval_table(results), HasSubstr("<td><b>0.60</b></td><td>0.05</td><td>0.05</td>"));
  EXPECT_THAT(gate_table(results), HasSubstr("0.70"));
}

TEST(SubsetReport, MapsAreDrawnBeforeAndAfterAndNamesAreEscaped) {
  const auto maps = feature_maps(judged());
  ASSERT_EQ(maps.size(), 4U);
  EXPECT_EQ(maps[0].name, "map_images_before");
  EXPECT_EQ(maps[3].name, "map_classes");
  EXPECT_THAT(maps[3].body, HasSubstr("one&lt;b&gt;"));
  EXPECT_THAT(maps[3].body, Not(HasSubstr("<b>")));
  EXPECT_TRUE(feature_maps({}).empty());
}

}  // namespace
}  // namespace consilium::pipelines
