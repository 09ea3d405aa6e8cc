#include "fl/aggregate/aggregation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fl/coordinator.h"
#include "models/state/control_variates.h"
#include "tests/fl/aggregation_settings.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using test::settings_of;

const char* const kRules[] = {"fedavg", "fedavgm", "fedadagrad", "fedadam", "fedyogi", "fedcostwavg", "fedpidavg", "scaffold", "fednova", "qfedavg"};

ModelState model(float value) { return with_control_variates({{{"w", "trunk", {1}, {value}}}}); }

Update update_of(const std::string& site, std::int64_t cases, const ModelState& delta) {
  return {.site = site, .round = 0, .base_digest = digest(model(1)), .delta = delta, .cases_per_group = {{"trunk", cases}, {kControlGroup, cases}}, .step_norm = 3, .metrics = {{"loss", 1}, {"global_loss", 1}}};
}

/// A test of each rule: the list above must hold them all.
TEST(Aggregation, EveryRuleIsKnownByItsWord) {
  for (const char* rule : kRules) {
    const AggregationSettings settings = settings_of({{"rule", rule}});
    EXPECT_EQ(to_string(settings.rule), rule);
    EXPECT_EQ(settings_of(to_json(settings)), settings) << rule;
  }
  EXPECT_EQ(std::size(kRules), static_cast<std::size_t>(AggregationRule::kQFedAvg) + 1);
}

TEST(Aggregation, ARoundInWhichNobodyTrainedOnACaseLeavesTheModelAsItIs) {
  for (const char* rule : kRules) {
    for (const auto& updates : {std::vector<Update>{}, std::vector{update_of("a", 0, model(5)), update_of("b", 0, model(7))}, std::vector{update_of("a", 4, {})}}) {
      AggregationMemory memory;
      EXPECT_EQ(aggregate(settings_of({{"rule", rule}}), model(1), updates, {}, 2, memory), model(1)) << rule << " with " << updates.size() << " updates";
    }
  }
}

TEST(Aggregation, EveryRuleMovesTheModelTowardsItsSites) {
  for (const char* rule : kRules) {
    AggregationMemory memory;
    const ModelState next = aggregate(settings_of({{"rule", rule}}), model(1), std::vector{update_of("a", 2, model(1)), update_of("b", 1, model(1))}, {}, 2, memory);
    EXPECT_GT(next.tensors[1].values[0], 1) << rule;
  }
}

TEST(Aggregation, KeysOfAnotherRuleAreRefused) {
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { settings_of({{"rule", "fednova"}, {"learning_rate", 1}}); }), testing::HasSubstr("learning_rate"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { settings_of({{"rule", "scaffold"}, {"q", 1}}); }), testing::HasSubstr("\"q\""));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { settings_of({{"rule", "qfedavg"}, {"q", -1}}); }), testing::HasSubstr("aggregation.q"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { settings_of({{"rule", "qfedavg"}, {"learning_rate", 0}}); }), testing::HasSubstr("learning_rate"));
}

/// An update that the rule cannot use is an outcome of the round, told to its site, not the end of the run.
TEST(Aggregation, TheCoordinatorRejectsAnUpdateThatItsRuleCannotUse) {
  for (const char* rule : {"fednova", "qfedavg"}) {
    FederationSettings settings{.sites = {"a", "b"}, .rounds = 2};
    settings.aggregation = settings_of({{"rule", rule}});
    Coordinator coordinator(settings, model(1), 0);
    Update useless = update_of("a", 1, model(1));
    useless.step_norm = 0;
    useless.metrics.clear();
    const Receipt receipt = coordinator.receive("a", useless);
    EXPECT_EQ(receipt.kind, ReceiptKind::kRejected) << rule;
    EXPECT_THAT(receipt.reason, testing::HasSubstr(rule));
    EXPECT_EQ(coordinator.receive("b", update_of("b", 1, model(1))).kind, ReceiptKind::kAccepted) << rule;
  }
}

TEST(Aggregation, AStepNormOutOfRangeIsRefusedUnderEveryRule) {
  Update update = update_of("a", 1, model(1));
  update.step_norm = -1;
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kCorruptData, [&] { require_valid(update, model(1), 0, update.base_digest); }), testing::HasSubstr("step norm"));
}

}  // namespace
}  // namespace consilium::fl
