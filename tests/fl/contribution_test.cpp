#include "fl/aggregate/contribution.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/parallel.h"
#include "base/rng.h"
#include "fl/coordinator.h"
#include "tests/fl/aggregation_settings.h"

namespace consilium::fl {
namespace {

ModelState state_of(std::vector<float> values) { return {{{"w", "trunk", {static_cast<std::int64_t>(values.size())}, std::move(values)}}}; }

Update update_of(const std::string& site, std::vector<float> values, std::int64_t cases) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = state_of(std::move(values)), .cases_per_group = {{"trunk", cases}}};
}

TEST(Contribution, IsWhatALookAtTheNumbersSays) {
  // Mean: 0.25 (3, 4) + 0.75 (1, 0) = (1.5, 1). Without the first: (1, 0).
  const auto found = contributions(state_of({0, 0}), std::vector{update_of("a", {3, 4}, 1), update_of("b", {1, 0}, 3)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_DOUBLE_EQ(found.at("a").norm, 5);
  EXPECT_NEAR(found.at("a").cosine, (3 * 1.5 + 4 * 1) / (5 * std::hypot(1.5, 1)), 1e-12);
  EXPECT_NEAR(found.at("a").leave_one_out, std::hypot(0.5, 1) / std::hypot(1.5, 1), 1e-12);
  EXPECT_NEAR(found.at("b").leave_one_out, std::hypot(1.5, 3) / std::hypot(1.5, 1), 1e-12);
  EXPECT_NEAR(found.at("a").likeness, 0.6, 1e-12);
}

TEST(Contribution, OfGroupsThatOnlySomeTrained) {
  const ModelState global{{{"a", "ct", {1}, {0}}, {"b", "mr", {1}, {0}}}};
  Update ct{.site = "ct", .round = 0, .base_digest = "d", .delta = {{{"a", "ct", {1}, {2}}}}, .cases_per_group = {{"ct", 5}}};
  Update both{.site = "both", .round = 0, .base_digest = "d", .delta = {{{"a", "ct", {1}, {4}}, {"b", "mr", {1}, {3}}}}, .cases_per_group = {{"ct", 5}, {"mr", 5}}};
  const auto found = contributions(global, std::vector{ct, both});
  // Mean: 3 of ct, 3 of mr. Without "both": 2 of ct and no step in mr.
  EXPECT_NEAR(found.at("both").leave_one_out, std::hypot(1, 3) / std::hypot(3, 3), 1e-12);
  EXPECT_NEAR(found.at("ct").leave_one_out, 1 / std::hypot(3, 3), 1e-12);
  EXPECT_NEAR(found.at("ct").norm, 2, 1e-12);
}

TEST(Contribution, FindsACopyAndNoOther) {
  std::vector<Update> updates;
  for (int n = 0; n < 5; ++n) {
    Rng rng(static_cast<std::uint64_t>(n == 4 ? 1 : n));
    std::vector<float> values(50000);
    for (float& value : values) value = static_cast<float>(0.5 + rng.normal());
    if (n == 4)
      for (float& value : values) value *= 1.001F;
    updates.push_back(update_of("site_" + std::to_string(n), values, 4));
  }
  const auto found = contributions(state_of(std::vector<float>(50000, 0)), updates);
  for (const auto& [site, c] : found) EXPECT_EQ(c.likeness > kSameUpdate, site == "site_1" || site == "site_4") << site << " " << c.likeness;
  set_thread_limit(1);
  EXPECT_EQ(contributions(state_of(std::vector<float>(50000, 0)), std::vector<Update>(updates.rbegin(), updates.rend())), found);
  set_thread_limit(0);
}

TEST(Contribution, StandsInTheRoundsReportWithTheRulesWeight) {
  FederationSettings settings{.sites = {"a", "b"}, .rounds = 1, .quorum = 2};
  Coordinator c(settings, state_of({0, 0}), 0);
  for (const auto& [site, x, cases] : {std::tuple{"a", 1.0F, 1}, std::tuple{"b", 3.0F, 3}}) {
    Update update = update_of(site, {x, 0}, cases);
    update.round = c.plan().round;
    update.base_digest = c.plan().base_digest;
    update.metrics = {{"loss", 1}, {"update_norm", 77}};  // a site's own word for what the coordinator measures does not count
    c.receive(site, update);
  }
  const RoundReport report = *c.advance(1);
  const auto& metrics = report.sites.at(1).metrics;
  EXPECT_EQ(metrics.at("loss"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("update_norm"), 3);
  EXPECT_DOUBLE_EQ(metrics.at("rule_weight"), 0.75);
  EXPECT_DOUBLE_EQ(metrics.at("cosine_to_mean"), 1);
  EXPECT_DOUBLE_EQ(metrics.at("likeness"), 1);
}

}  // namespace
}  // namespace consilium::fl
