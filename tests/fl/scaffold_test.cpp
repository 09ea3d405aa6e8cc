#include "fl/aggregate/scaffold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/state/control_variates.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

ModelState model(float w, float c) { return {{{"control/w", kControlGroup, {1}, {c}}, {"w", "trunk", {1}, {w}}}}; }

Update update_of(const std::string& site, std::int64_t cases, float delta_w, float delta_c) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = model(delta_w, delta_c), .cases_per_group = {{kControlGroup, cases}, {"trunk", cases}}};
}

TEST(Scaffold, SitesWeighEquallyWhateverTheirCases) {
  const std::vector<Update> updates{update_of("a", 1, 4, 2), update_of("b", 1000, 8, 6)};
  EXPECT_EQ(scaffold({}, model(1, 0), updates, 2), model(7, 4));
}

/// Elsewhere the server adds c_k in place of its change: with nothing changed, c must stay.
TEST(Scaffold, TheServerAddsTheChangeOfAControlVariateNotTheVariate) {
  EXPECT_EQ(scaffold({}, model(1, 5), std::vector{update_of("a", 1, 0, 0), update_of("b", 1, 0, 0)}, 2), model(1, 5));
  EXPECT_EQ(scaffold({}, model(1, 5), std::vector{update_of("a", 1, 0, 2), update_of("b", 1, 0, 4)}, 2), model(1, 8));
}

TEST(Scaffold, ChangesAreDividedByAllSitesOfTheFederationNotByThoseOfTheRound) {
  // 2 of 8 sites: w moves by the mean of the two, c by an eighth of their sum.
  EXPECT_EQ(scaffold({}, model(0, 0), std::vector{update_of("a", 1, 2, 8), update_of("b", 1, 4, 8)}, 8), model(3, 2));
}

TEST(Scaffold, TheServersRateIsForTheWeightsAlone) {
  EXPECT_EQ(scaffold({.learning_rate = 0.5}, model(0, 0), std::vector{update_of("a", 1, 4, 4)}, 1), model(2, 4));
}

TEST(Scaffold, ControlVariatesStartAtZero) {
  const ModelState plain{{{"a", "stem", {2}, {1, 2}}, {"b", "trunk", {1}, {3}}}};
  const ModelState extended = with_control_variates(plain);
  const ModelState control = control_variates_of(extended);
  ASSERT_EQ(control.tensors.size(), 2U);
  for (const NamedTensor& tensor : control.tensors)
    for (const float value : tensor.values) EXPECT_EQ(value, 0) << tensor.name;
  EXPECT_EQ(without_control_variates(extended), plain);
  EXPECT_EQ(with_control_variates(extended), extended);
  for (std::size_t n = 1; n < extended.tensors.size(); ++n) EXPECT_LT(extended.tensors[n - 1].name, extended.tensors[n].name);
}

TEST(Scaffold, AModelWithoutControlVariatesIsRefused) {
  const ModelState plain{{{"w", "trunk", {1}, {0}}}};
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kMismatch, [&] { scaffold({}, plain, {}, 2); }), testing::HasSubstr("training.local.control_variates"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kMismatch, [&] { join_control_variates(plain, {}); }), testing::HasSubstr("another model"));
}

}  // namespace
}  // namespace consilium::fl
