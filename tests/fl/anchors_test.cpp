#include "fl/aggregate/anchors.h"

#include <gtest/gtest.h>

#include "fl/aggregate/aggregation.h"

// Means of features, which travel beside a model's weights as groups "anchors.<class>".
namespace consilium::fl {
namespace {

const ModelState kGlobal{{{"anchors.lesion", "anchors.lesion", {2}, {0.5F, 0}}, {"w", "trunk", {1}, {1}}}};

/// A site whose cases have this mean feature: what it sends moves the anchor there.
Update site(const std::string& name, std::vector<float> mean, std::int64_t cases, float trunk = 1) {
  Update update;
  update.site = name;
  update.delta = kGlobal;
  for (std::size_t n = 0; n < mean.size(); ++n) update.delta.tensors[0].values[n] = mean[n] - kGlobal.tensors[0].values[n];
  update.delta.tensors[1].values = {trunk};
  update.cases_per_group = {{"anchors.lesion", cases}, {"trunk", 10}};
  update.step_norm = 2;
  update.metrics = {{"loss", 0.5}, {"global_loss", 0.5}};
  if (cases == 0) update.delta.tensors.erase(update.delta.tensors.begin());
  return update;
}

std::vector<float> anchor_after(AggregationRule rule, const std::vector<Update>& updates) {
  AggregationSettings settings;
  settings.rule = rule;
  settings.server.learning_rate = 0.01;
  if (rule == AggregationRule::kFedCostWAvg) settings.cost_weights = defaults_of(CostRule::kFedCostWAvg);
  AggregationMemory memory;
  return aggregate(settings, kGlobal, updates, {}, updates.size(), memory).tensors[0].values;
}

/// 2 cases of mean (1, 4), 6 of (3, 0), and a site without the class: ((2 + 18) / 8, 8 / 8).
TEST(Anchors, AreTheMeanOverAllCasesOfTheClassUnderEveryRuleThatIsNotRobust) {
  const std::vector<Update> updates{site("a", {1, 4}, 2), site("b", {3, 0}, 6, 5), site("c", {}, 0)};
  for (const AggregationRule rule : {AggregationRule::kFedAvg, AggregationRule::kFedAvgM, AggregationRule::kFedAdagrad, AggregationRule::kFedAdam, AggregationRule::kFedYogi, AggregationRule::kFedNova, AggregationRule::kQFedAvg,
                                     AggregationRule::kFedCostWAvg})
    EXPECT_EQ(anchor_after(rule, updates), (std::vector<float>{2.5F, 1})) << to_string(rule);
}

TEST(Anchors, OfAClassThatNobodyHadStayAsTheyAre) {
  for (const AggregationRule rule : {AggregationRule::kFedAvg, AggregationRule::kFedAdam, AggregationRule::kFedNova}) EXPECT_EQ(anchor_after(rule, {site("a", {}, 0), site("b", {}, 0)}), kGlobal.tensors[0].values) << to_string(rule);
}

TEST(Anchors, LeaveTheWeightsToTheRule) {
  AggregationSettings adam;
  adam.rule = AggregationRule::kFedAdam;
  adam.server.learning_rate = 0.01;
  AggregationMemory memory;
  const ModelState after = aggregate(adam, kGlobal, std::vector{site("a", {1, 4}, 2)}, {}, 1, memory);
  EXPECT_NE(after.tensors[1].values[0], 2) << "the plain mean";
  EXPECT_NE(after.tensors[1].values[0], 1) << "nothing";
  EXPECT_TRUE(is_anchor("anchors.lesion"));
  EXPECT_FALSE(is_anchor("trunk"));
}

}  // namespace
}  // namespace consilium::fl
