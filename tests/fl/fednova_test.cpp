#include "fl/aggregate/fednova.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fl/aggregate/fedavg.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";
constexpr float kSinglePrecision = 1e-6F;

Update update_of(const std::string& site, std::int64_t cases, float delta, double norm) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = {{{"w", "trunk", {1}, {delta}}}}, .cases_per_group = {{"trunk", cases}}, .step_norm = norm};
}
float after(float w, const std::vector<Update>& updates) { return fed_nova({{{"w", "trunk", {1}, {w}}}}, updates).tensors[0].values[0]; }

TEST(FedNova, AStepIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "fednova_step");
  const Json& input = oracle["input"];
  std::vector<Update> updates;
  for (std::size_t n = 0; n < 2; ++n)  // the oracle's deltas are w - y_k
    updates.push_back(update_of(n == 0 ? "a" : "b", 10, -input["delta"][n].get<float>(), step_norm(input["tau"][n])));
  EXPECT_NEAR(after(input["x"], updates), oracle["expected"]["x_new"].get<double>(), kSinglePrecision);
}

TEST(FedNova, TheNormWithMomentumIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "fednova_momentum_a");
  EXPECT_NEAR(step_norm(oracle["input"]["tau"], {.momentum = oracle["input"]["rho"]}), oracle["expected"].get<double>(), 1e-12);
}

TEST(FedNova, NormsAreThePapersClosedForms) {
  EXPECT_EQ(step_norm(7), 7);
  double proximal = 0;
  for (int j = 0; j < 5; ++j) proximal += std::pow(1 - 0.1 * 0.5, 5 - 1 - j);
  EXPECT_NEAR(step_norm(5, {.learning_rate = 0.1, .proximal_mu = 0.5}), proximal, 1e-12);
  EXPECT_NEAR(step_norm(50, {.momentum = 0.5}), (50 - 0.5 * (1 - std::pow(0.5, 50)) / 0.5) / 0.5, 1e-9);
  // Two steps with Nesterov's momentum: the first gradient goes in as (1 + rho) + rho^2, the second as 1 + rho.
  EXPECT_NEAR(step_norm(2, {.momentum = 0.9, .nesterov = true}), (1 + 0.9 + 0.81) + (1 + 0.9), 1e-12);
}

TEST(FedNova, EqualStepsMakeItFedAvg) {
  const std::vector<Update> updates{update_of("a", 30, 4, 12), update_of("b", 10, -8, 12)};
  EXPECT_NEAR(after(1, updates), fed_avg({{{"w", "trunk", {1}, {1}}}}, updates).tensors[0].values[0], kSinglePrecision);
}

/// Cases weigh, steps do not: a site that took ten times the steps in the same direction pulls no further than its share.
TEST(FedNova, AStepIsNormalisedBeforeItIsAveraged) {
  // p = 1/4, 3/4; d/a = 1, -1; tau_eff = 10/4 + 3/4: 1/4 - 3/4 = -1/2 times 3.25.
  EXPECT_NEAR(after(0, {update_of("a", 1, 10, 10), update_of("b", 3, -1, 1)}), -1.625F, kSinglePrecision);
}

TEST(FedNova, AGroupIsAveragedOverTheSitesThatTrainedIt) {
  const ModelState global{{{"ct", "stem.ct", {1}, {0}}, {"w", "trunk", {1}, {0}}}};
  Update with_ct = update_of("a", 1, 2, 2), without = update_of("b", 1, 2, 10);
  with_ct.delta.tensors.insert(with_ct.delta.tensors.begin(), {"ct", "stem.ct", {1}, {6}});
  with_ct.cases_per_group["stem.ct"] = 1;
  const ModelState result = fed_nova(global, std::vector{with_ct, without});
  EXPECT_NEAR(result.tensors[0].values[0], 6, kSinglePrecision) << "alone, a site moves the group by its own delta";
  EXPECT_NEAR(result.tensors[1].values[0], 6 * (0.5 * 1 + 0.5 * 0.2), kSinglePrecision);
}

TEST(FedNova, OrderOfArrivalDoesNotMatter) {
  std::vector<Update> updates{update_of("a", 3, 0.1F, 3), update_of("b", 5, 0.7F, 11), update_of("c", 7, -0.3F, 1.5)};
  const float expected = after(0.3F, updates);
  std::swap(updates[0], updates[2]);
  EXPECT_EQ(after(0.3F, updates), expected);
}

TEST(FedNova, AnUpdateWithoutAStepNormIsRefused) {
  for (const double norm : {0.0, 0.5, std::numeric_limits<double>::quiet_NaN(), 1e12})
    EXPECT_THAT(consilium::test::refusal(ErrorCode::kCorruptData, [&] { after(0, {update_of("a", 1, 1, norm)}); }), testing::HasSubstr("site \"a\"")) << norm;
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { step_norm(0); }), testing::HasSubstr("steps"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { step_norm(1, {.learning_rate = 1, .proximal_mu = 2}); }), testing::HasSubstr("overshoot"));
}

}  // namespace
}  // namespace consilium::fl
