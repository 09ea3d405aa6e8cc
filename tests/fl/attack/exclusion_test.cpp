#include "fl/attack/exclusion.h"

#include <gtest/gtest.h>

namespace consilium::fl {
namespace {

ModelState model(float value) { return {{{"a", "trunk", {3}, {value, value, value}}, {"b", "head", {1}, {value}}}}; }

/// Four sites that agree nearly, and one far away.
std::vector<Update> updates() {
  std::vector<Update> result;
  for (const float value : {1.0F, 1.1F, 0.9F, 1.05F, -9.0F}) {
    Update update;
    update.site = "s" + std::to_string(result.size());
    update.delta = model(value);
    update.cases_per_group = {{"trunk", 1}, {"head", 1}};
    result.push_back(update);
  }
  return result;
}

AggregationSettings rule(AggregationRule name) {
  AggregationSettings settings{.rule = name};
  settings.robust.attackers = 1;
  settings.robust.root = name == AggregationRule::kFlTrust ? "s0" : "";
  return settings;
}

TEST(Exclusion, MultiKrumGivesTheFarSiteNoSay) {
  const auto excluded = excluded_shares(rule(AggregationRule::kMultiKrum), model(0), updates());
  ASSERT_TRUE(excluded);
  for (const auto& [site, share] : *excluded) EXPECT_EQ(share, site == "s4" ? 1 : 0) << site;
}

TEST(Exclusion, KrumLeavesAllButOneOut) {
  double left_out = 0;
  const auto excluded = excluded_shares(rule(AggregationRule::kKrum), model(0), updates());
  for (const auto& [site, share] : *excluded) left_out += share;
  EXPECT_EQ(left_out, 4);
}

TEST(Exclusion, IsAShareOfTheWeights) {
  std::vector<Update> mixed = updates();
  mixed[4].delta.tensors[0] = model(1).tensors[0];  // far away in "head" only, a quarter of the weights
  const auto excluded = excluded_shares(rule(AggregationRule::kMultiKrum), model(0), mixed);
  EXPECT_EQ(excluded->at("s4"), 0.25);
}

TEST(Exclusion, TheTrustedRootIsNoQuestion) {
  const auto excluded = excluded_shares(rule(AggregationRule::kFlTrust), model(0), updates());
  EXPECT_FALSE(excluded->contains("s0"));
  EXPECT_EQ(excluded->at("s4"), 1);
  EXPECT_EQ(excluded->at("s1"), 0);
}

TEST(Exclusion, RulesThatUseEverySiteExcludeNone) {
  for (const AggregationRule name : {AggregationRule::kFedAvg, AggregationRule::kMedian, AggregationRule::kNormBound, AggregationRule::kGeometricMedian}) EXPECT_FALSE(excluded_shares(rule(name), model(0), updates()));
  std::vector<Update> few = updates();
  few.resize(3);
  EXPECT_FALSE(excluded_shares(rule(AggregationRule::kKrum), model(0), few)) << "too few to choose: the model stays";
}

}  // namespace
}  // namespace consilium::fl
