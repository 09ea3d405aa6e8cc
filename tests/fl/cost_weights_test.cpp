#include "fl/aggregate/cost_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fl/aggregate/fedavg.h"

namespace consilium::fl {
namespace {

using testing::DoubleNear;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr double kExact = 1e-15;

Update update_of(const std::string& site, std::int64_t cases, double loss) {
  Update update{.site = site, .round = 0, .base_digest = "digest", .delta = {}, .cases_per_group = {{"trunk", cases}}};
  if (loss >= 0) update.metrics["loss"] = loss;
  return update;
}

RoundReport report_of(std::int64_t round, const std::map<std::string, double>& losses) {
  RoundReport report;
  report.round = round;
  for (const auto& [site, loss] : losses) report.sites.push_back({site, Participation::kAccepted, "", 1, {}, {{"loss", loss}}});
  return report;
}

SiteWeights weights_of(CostRule rule, const std::vector<Update>& updates, const std::vector<RoundReport>& history) { return cost_weights(rule, defaults_of(rule), updates, history); }

TEST(CostWeights, TheFirstRoundIsWeighedByCases) {
  for (const CostRule rule : {CostRule::kFedCostWAvg, CostRule::kFedPidAvg})
    EXPECT_THAT(weights_of(rule, {update_of("a", 30, 1), update_of("b", 10, 2)}, {}), UnorderedElementsAre(Pair("a", DoubleNear(0.75, kExact)), Pair("b", DoubleNear(0.25, kExact))));
}

TEST(CostWeights, FedCostWAvgTakesTheRatioOfLosses) {
  // Ratios 2 and 1: shares 2/3 and 1/3.
  EXPECT_THAT(weights_of(CostRule::kFedCostWAvg, {update_of("a", 30, 0.5), update_of("b", 10, 2)}, {report_of(0, {{"a", 1}, {"b", 2}})}),
              UnorderedElementsAre(Pair("a", DoubleNear(0.5 * 0.75 + 0.5 * 2 / 3, kExact)), Pair("b", DoubleNear(0.5 * 0.25 + 0.5 / 3, kExact))));
}

TEST(CostWeights, FedPidAvgTakesFallAndSumOfLosses) {
  const std::vector<RoundReport> history{report_of(0, {{"a", 4}, {"b", 3}}), report_of(1, {{"a", 2}, {"b", 2}})};
  // Falls 1.5 and 0.5; sums 6.5 and 6.5.
  EXPECT_THAT(weights_of(CostRule::kFedPidAvg, {update_of("a", 10, 0.5), update_of("b", 30, 1.5)}, history),
              UnorderedElementsAre(Pair("a", DoubleNear(0.45 * 0.25 + 0.45 * 0.75 + 0.1 * 0.5, kExact)), Pair("b", DoubleNear(0.45 * 0.75 + 0.45 * 0.25 + 0.1 * 0.5, kExact))));
}

TEST(CostWeights, TheSumOfLossesForgetsAfterFiveRounds) {
  std::vector<RoundReport> history;
  for (int round = 0; round < 8; ++round) history.push_back(report_of(round, {{"a", round < 4 ? 1000.0 : 1.0}, {"b", 1}}));
  const SiteWeights weights = weights_of(CostRule::kFedPidAvg, {update_of("a", 1, 1), update_of("b", 1, 1)}, history);
  EXPECT_NEAR(weights.at("a"), 0.5, kExact) << "the losses of the first rounds still count";
}

/// Public copies of the rule divide by a sum that can be 0 or below, and weigh a site negatively.
TEST(CostWeights, LossesThatRoseGiveNoNegativeWeight) {
  const std::vector<RoundReport> history{report_of(0, {{"a", 1}, {"b", 1}})};
  const SiteWeights one = weights_of(CostRule::kFedPidAvg, {update_of("a", 1, 3), update_of("b", 1, 0.5)}, history);
  EXPECT_GE(one.at("a"), 0);
  EXPECT_NEAR(one.at("a") + one.at("b"), 1, kExact);
  // All rose: what is left are cases and sums, 0.45 and 0.1, scaled to 1.
  const SiteWeights all = weights_of(CostRule::kFedPidAvg, {update_of("a", 3, 2), update_of("b", 1, 2)}, history);
  EXPECT_NEAR(all.at("a"), (0.45 * 0.75 + 0.1 * 0.5) / 0.55, kExact);
}

TEST(CostWeights, ASiteWithoutALossMakesTheRoundAnAverageByCases) {
  const std::vector<RoundReport> history{report_of(0, {{"a", 1}, {"b", 1}})};
  for (const double loss : {-1.0, std::numeric_limits<double>::infinity()}) {
    const SiteWeights weights = weights_of(CostRule::kFedCostWAvg, {update_of("a", 3, 0.1), update_of("b", 1, loss)}, history);
    EXPECT_NEAR(weights.at("a"), 0.75, kExact);
  }
}

TEST(CostWeights, WithoutACaseNoSiteHasASay) { EXPECT_TRUE(weights_of(CostRule::kFedPidAvg, {update_of("a", 0, 1)}, {}).empty()); }

/// Public copies of the rule divide the finished weights by the cases again.
TEST(CostWeights, WeightsAreNormalisedOnce) {
  const std::vector<RoundReport> history{report_of(0, {{"a", 3}, {"b", 2}, {"c", 5}})};
  for (const CostRule rule : {CostRule::kFedCostWAvg, CostRule::kFedPidAvg}) {
    double sum = 0;
    for (const auto& [site, weight] : weights_of(rule, {update_of("a", 30, 1), update_of("b", 500, 1), update_of("c", 7, 4)}, history)) sum += weight;
    EXPECT_NEAR(sum, 1, kExact);
  }
}

TEST(FedAvg, GivenWeightsReplaceTheCases) {
  const ModelState global{{{"w", "trunk", {1}, {0}}}};
  std::vector<Update> updates{update_of("a", 1, 1), update_of("b", 1000, 1)};
  updates[0].delta = {{{"w", "trunk", {1}, {4}}}};
  updates[1].delta = {{{"w", "trunk", {1}, {8}}}};
  const SiteWeights weights{{"a", 0.75}, {"b", 0.25}};
  EXPECT_EQ(fed_avg(global, updates, &weights).tensors[0].values[0], 5);
  const SiteWeights only_a{{"a", 1}};
  EXPECT_EQ(fed_avg(global, updates, &only_a).tensors[0].values[0], 4);
}

}  // namespace
}  // namespace consilium::fl
