#include "fl/aggregate/qfedavg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

constexpr double kSinglePrecision = 1e-6;

Update update_of(const std::string& site, std::int64_t cases, float delta, double loss) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = {{{"w", "trunk", {1}, {delta}}}}, .cases_per_group = {{"trunk", cases}}, .metrics = {{"global_loss", loss}}};
}
float after(const QFedAvgSettings& settings, float w, const std::vector<Update>& updates) { return q_fed_avg(settings, {{{"w", "trunk", {1}, {w}}}}, updates).tensors[0].values[0]; }

TEST(QFedAvg, WithoutFairnessItIsThePlainMeanOverSites) {
  EXPECT_NEAR(after({.q = 0, .learning_rate = 0.01}, 1, {update_of("a", 100, 2, 5), update_of("b", 1, 4, 0.1)}), 4, kSinglePrecision);
}

TEST(QFedAvg, AStepIsThePapers) {
  // L = 2, q = 1, F = 3 and 1, deltas 0.5 and -1: G = -1 and 2; h = ||G||^2 + 2 F = 7 and 6; w - (3 * -1 + 1 * 2) / 13.
  EXPECT_NEAR(after({.q = 1, .learning_rate = 0.5}, 0, {update_of("a", 1, 0.5F, 3), update_of("b", 1, -1, 1)}), 1.0 / 13, kSinglePrecision);
  // q = 2: F^q = 9 and 1; h = 2 F ||G||^2 + 2 F^2 = 6 + 18 and 8 + 2.
  EXPECT_NEAR(after({.q = 2, .learning_rate = 0.5}, 0, {update_of("a", 1, 0.5F, 3), update_of("b", 1, -1, 1)}), (9.0 - 2) / 34, kSinglePrecision);
}

TEST(QFedAvg, TheSiteWithTheHigherLossPullsMore) {
  const std::vector<Update> equal{update_of("a", 1, 1, 1), update_of("b", 1, -1, 1)}, unfair{update_of("a", 1, 1, 2), update_of("b", 1, -1, 1)};
  EXPECT_NEAR(after({}, 0, equal), 0, kSinglePrecision);
  EXPECT_GT(after({}, 0, unfair), 0);
}

TEST(QFedAvg, OrderOfArrivalDoesNotMatter) {
  std::vector<Update> updates{update_of("a", 3, 0.1F, 0.3), update_of("b", 5, 0.7F, 1.1), update_of("c", 7, -0.3F, 0.7)};
  const float expected = after({}, 0.3F, updates);
  std::swap(updates[0], updates[2]);
  EXPECT_EQ(after({}, 0.3F, updates), expected);
}

TEST(QFedAvg, ALossOfZeroIsNoDivisionByZero) { EXPECT_TRUE(std::isfinite(after({.q = 0.5}, 0, {update_of("a", 1, 1, 0), update_of("b", 1, 1, 0)}))); }

TEST(QFedAvg, AnUpdateWithoutAPlausibleLossIsRefused) {
  Update silent = update_of("a", 1, 1, 1);
  silent.metrics.clear();
  for (const Update& update : {silent, update_of("a", 1, 1, -1), update_of("a", 1, 1, 1e6), update_of("a", 1, 1, std::numeric_limits<double>::quiet_NaN())})
    EXPECT_THAT(consilium::test::refusal(ErrorCode::kCorruptData, [&] { after({}, 0, {update}); }), testing::HasSubstr("loss_batches"));
}

}  // namespace
}  // namespace consilium::fl
