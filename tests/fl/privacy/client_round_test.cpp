#include "fl/privacy/client_round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fl/coordinator.h"
#include "fl/privacy/clip.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

ModelState model(float value) { return {{{"a.weight", "trunk", {4}, std::vector<float>(4, value)}}}; }

FederationSettings federation(const ClientPrivacy& privacy) {
  FederationSettings settings{.sites = {"a", "b", "c"}, .rounds = 3};
  settings.protection.privacy = privacy;
  return settings;
}

Update update(const Coordinator& coordinator, float value, std::int64_t cases = 5) {
  Update u{.round = coordinator.state().round, .base_digest = coordinator.plan().base_digest, .delta = model(value), .cases_per_group = {{"trunk", cases}}};
  shorten(u, *coordinator.plan().protection.privacy);
  return u;
}

RoundReport run_round(Coordinator& coordinator, const std::vector<float>& values) {
  for (std::size_t n = 0; n < values.size(); ++n) EXPECT_EQ(coordinator.receive(coordinator.settings().sites[n], update(coordinator, values[n])).kind, ReceiptKind::kAccepted);
  const auto report = coordinator.advance(0);
  EXPECT_TRUE(report.has_value());
  return report.value_or(RoundReport{});
}

TEST(ClientRound, ASiteShortensItsUpdateAndCountsOnce) {
  Update u{.delta = model(3), .cases_per_group = {{"trunk", 50}, {"head", 0}}};
  shorten(u, {.clip = 0.5, .adaptive = AdaptiveClip{}});
  EXPECT_LE(l2_norm(u.delta), 0.5);
  EXPECT_EQ(u.cases_per_group, (std::map<std::string, std::int64_t>{{"head", 0}, {"trunk", 1}}));
  EXPECT_EQ(u.metrics.at("within_clip"), 0);
}

TEST(ClientRound, TheReportSaysEpsilonAndItGrows) {
  Coordinator coordinator(federation({.clip = 1, .noise_multiplier = 2, .delta = 1e-3, .seed = 1}), model(0), 0);
  double last = 0;
  for (int round = 0; round < 3; ++round) {
    const RoundReport report = run_round(coordinator, {1, 1, 1});
    EXPECT_GT(report.sums.at("epsilon"), last);
    EXPECT_EQ(report.sums.at("delta"), 1e-3);
    last = report.sums.at("epsilon");
  }
  EXPECT_NEAR(last, epsilon_after({.noise_multiplier = 2, .delta = 1e-3}, 2, 3), 1e-9);
}

TEST(ClientRound, TheCoordinatorShortensWhatASiteDidNot) {
  Coordinator coordinator(federation({.clip = 0.3, .noise_multiplier = 0.01, .seed = 1, .least_signal_to_noise = 0}), model(0), 0);
  for (const char* site : {"a", "b", "c"}) {
    Update honest = update(coordinator, 0.01F);
    if (std::string(site) == "c") honest.delta = model(1e6F);
    coordinator.receive(site, honest);
  }
  ASSERT_TRUE(coordinator.advance(0).has_value());
  EXPECT_LT(l2_norm(coordinator.state().global), 0.3 / 3 + 2 * 0.02 / 3 + 0.02);
}

TEST(ClientRound, ASeedRepeatsARunAndWithoutOneNoTwoAreAlike) {
  const auto result = [](std::optional<std::uint64_t> seed) {
    Coordinator coordinator(federation({.noise_multiplier = 1, .seed = seed}), model(0), 0);
    run_round(coordinator, {1, 1, 1});
    return digest(coordinator.state().global);
  };
  EXPECT_EQ(result(3), result(3));
  EXPECT_NE(result(3), result(4));
  EXPECT_NE(result(std::nullopt), result(std::nullopt));
}

TEST(ClientRound, AnAdaptiveClipGrowsWhileEverybodyIsShortenedAndTravelsInThePlan) {
  Coordinator coordinator(federation({.clip = 0.1, .noise_multiplier = 0.05, .adaptive = AdaptiveClip{.count_noise = 0.1}, .seed = 2, .least_signal_to_noise = 0}), model(0), 0);
  EXPECT_EQ(coordinator.plan().protection.privacy->clip, 0.1);
  const RoundReport report = run_round(coordinator, {10, 10, 10});
  EXPECT_GT(report.sums.at("next_clip"), 0.1);
  EXPECT_EQ(coordinator.plan().protection.privacy->clip, report.sums.at("next_clip"));
  // After a restart too: it is in the reports.
  const Coordinator again(coordinator.settings(), coordinator.state(), 0);
  EXPECT_EQ(again.plan().protection.privacy->clip, report.sums.at("next_clip"));
}

TEST(ClientRound, AFederationThatWouldTrainOnNoiseDoesNotBegin) {
  EXPECT_THAT(test::refusal(ErrorCode::kRefused, [] { Coordinator(federation({.noise_multiplier = 50}), model(0), 0); }), testing::HasSubstr("least_signal_to_noise"));
}

TEST(ClientRound, WhatBreaksTheGuaranteeIsRefusedWithTheReason) {
  const auto refused = [](const std::function<void(FederationSettings&)>& change, const char* words) {
    FederationSettings settings = federation({.noise_multiplier = 1});
    change(settings);
    EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { validate(settings); }), testing::HasSubstr(words));
  };
  EXPECT_NO_THROW(validate(federation({.noise_multiplier = 1})));
  refused([](FederationSettings& s) { s.aggregation.rule = AggregationRule::kFedNova; }, "same say");
  refused([](FederationSettings& s) { s.policy.late = LateUpdates::kMerge; }, "twice");
  refused([](FederationSettings& s) { s.protection.privacy->noise = ClientNoise::kSkellam; }, "one by one");
  refused([](FederationSettings& s) { s.protection.secure_aggregation.emplace(); }, "skellam");
  refused([](FederationSettings& s) {
    s.protection.secure_aggregation.emplace();
    s.protection.privacy->noise = ClientNoise::kSkellam;
    s.protection.privacy->colluding = 2;
  }, "colluding");
}

TEST(ClientRound, SharesAreAskedForUnderSecureAggregationOnly) {
  RoundPlan plan{0, 10, "", "{}"};
  const NoiseKey key = NoiseKey::from_seed(1, "share");
  EXPECT_FALSE(asks_for_noise_shares(plan));
  EXPECT_EQ(noise_bound_of(plan, 5), 0U);
  plan.protection.secure_aggregation = SecureAggregationSettings{.threshold = 4};
  plan.protection.privacy = ClientPrivacy{.clip = 2, .noise_multiplier = 3, .noise = ClientNoise::kDiscreteGaussian};
  ASSERT_TRUE(asks_for_noise_shares(plan));
  const auto share = noise_share_of(plan, 100, key);
  std::vector<std::uint64_t> integers(20000, 0), again(20000, 0), elsewhere(20000, 0);
  share(0, integers);
  share(0, again);
  share(20000, elsewhere);
  EXPECT_EQ(integers, again) << "a sum that is made again has no second noise";
  EXPECT_NE(integers, elsewhere);
  double square = 0;
  for (const std::uint64_t value : integers) square += std::pow(static_cast<double>(static_cast<std::int64_t>(value)), 2);
  EXPECT_NEAR(std::sqrt(square / 20000) / (3 * 2 * 0x1p24 / 2), 1, 0.03);
  EXPECT_GT(static_cast<double>(noise_bound_of(plan, 5)), 60 * 3 * 2 * 0x1p24);
  plan.round = 10;
  EXPECT_FALSE(asks_for_noise_shares(plan)) << "the last look holds no weights";
}

}  // namespace
}  // namespace consilium::fl
