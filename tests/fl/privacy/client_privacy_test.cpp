#include "fl/privacy/client_privacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fl/aggregate/private_mean.h"
#include "fl/privacy/clip.h"
#include "fl/privacy/gaussian.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

ModelState model(std::vector<float> trunk, std::vector<float> head) {
  return {{{"a.weight", "trunk", {static_cast<std::int64_t>(trunk.size())}, trunk}, {"b.weight", "head", {static_cast<std::int64_t>(head.size())}, head}}};
}

Update update(const std::string& site, const ModelState& delta, std::int64_t trunk_cases = 1, std::int64_t head_cases = 1) {
  return {.site = site, .round = 0, .base_digest = "d", .delta = delta, .cases_per_group = {{"trunk", trunk_cases}, {"head", head_cases}}};
}

constexpr double kNoNoise = 1e-30;

ModelState mean_of(const std::vector<Update>& updates, double clip, std::int64_t sites, double noise = kNoNoise, std::uint64_t seed = 1) {
  NoiseStream stream(NoiseKey::from_seed(seed, "test"));
  return private_mean(model({1, 2}, {3}), updates, {clip, noise, sites}, stream);
}

TEST(PrivateMean, ShortensAndDividesByThoseAsked) {
  // |(3, 0, 4)| = 5 is shortened to 1, |(0, 0.5, 0)| is not; four were asked, two came.
  const ModelState next = mean_of({update("x", model({3, 0}, {4})), update("y", model({0, 0.5F}, {0}))}, 1, 4);
  EXPECT_NEAR(next.tensors[0].values[0], 1 + 0.6 / 4, 1e-6);
  EXPECT_NEAR(next.tensors[0].values[1], 2 + 0.5 / 4, 1e-6);
  EXPECT_NEAR(next.tensors[1].values[0], 3 + 0.8 / 4, 1e-6);
}

TEST(PrivateMean, CasesHaveNoSay) {
  const auto with = [](std::int64_t cases) { return mean_of({update("x", model({0.1F, 0}, {0}), cases, cases), update("y", model({0, 0.2F}, {0.1F}))}, 1, 2); };
  EXPECT_EQ(with(1), with(1000));
}

/// However large a site's update, and whatever group it leaves out, the model moves by at most clip / sites for it.
TEST(PrivateMean, OneSiteMovesTheModelByAtMostItsShareOfTheClip) {
  const Update other = update("y", model({0.1F, 0.2F}, {0.3F}));
  for (const Update& one : {update("x", model({1e6F, -1e6F}, {5})), update("x", model({9, 9}, {1e9F}), 1, 0)}) {
    const ModelState with = mean_of({one, other}, 0.5, 8), without = mean_of({other}, 0.5, 8);
    double square = 0;
    for (std::size_t t = 0; t < 2; ++t)
      for (std::size_t n = 0; n < with.tensors[t].values.size(); ++n) square += std::pow(with.tensors[t].values[n] - without.tensors[t].values[n], 2);
    EXPECT_LE(std::sqrt(square), 0.5 / 8 * (1 + 1e-5));
    EXPECT_GT(std::sqrt(square), 0.4 / 8);
  }
}

TEST(PrivateMean, NoiseIsOnEveryNumberAlsoWhereNobodyTrained) {
  double square = 0;
  constexpr int kDraws = 4000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const ModelState next = mean_of({update("x", model({0, 0}, {0}), 1, 0)}, 2, 10, 3, seed);
    EXPECT_NE(next.tensors[1].values[0], 3);
    square += std::pow(next.tensors[1].values[0] - 3, 2);
  }
  EXPECT_NEAR(std::sqrt(square / kDraws), 3 * 2 / 10.0, 0.6 * 5 / std::sqrt(2.0 * kDraws));
}

TEST(PrivateMean, ASiteCountsOnce) {
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { mean_of({update("x", model({1, 1}, {1})), update("x", model({1, 1}, {1}))}, 1, 2); }), testing::HasSubstr("twice"));
}

TEST(ClientPrivacy, ReachesItsGoalAndAccountsForEveryRound) {
  const ClientPrivacy privacy{.epsilon = 8, .delta = 1e-5};
  const double noise = noise_multiplier_of(privacy, 50);
  EXPECT_NEAR(noise, 4.24, 0.03);  // algorithms.md 3.3
  EXPECT_LE(epsilon_after(privacy, noise, 50), 8);
  EXPECT_GT(epsilon_after(privacy, noise, 50), 7.99);
  EXPECT_NEAR(epsilon_after(privacy, noise, 10), gaussian_epsilon(1e-5, std::sqrt(10.0) / noise), 1e-6);
  ClientPrivacy shares{.epsilon = 8, .noise = ClientNoise::kSkellam};
  const double more = noise_multiplier_of(shares, 50);
  EXPECT_NEAR(epsilon_after(shares, more, 50, {1000000, 0x1p24, 10}), 8, 0.01);
  EXPECT_GT(epsilon_after(shares, more, 50, {1000000, 16, 10}), 20) << "a coarse grid";
}

TEST(ClientPrivacy, AFederationThatWouldTrainOnNoiseIsRefusedUnlessSomebodyInsists) {
  ClientPrivacy privacy{.noise_multiplier = 4.24};
  EXPECT_NEAR(signal_to_noise(4.24, 10, 1000000), 1 / 424.0, 1e-6);
  const std::string words = test::refusal(ErrorCode::kRefused, [&] { require_useful(privacy, 4.24, 10, 1000000); });
  EXPECT_THAT(words, testing::HasSubstr("424 times"));
  EXPECT_THAT(words, testing::HasSubstr("least_signal_to_noise"));
  EXPECT_THAT(words, testing::HasSubstr("training.privacy"));
  EXPECT_NO_THROW(require_useful(privacy, 4.24, 500, 1000));
  privacy.least_signal_to_noise = 0.001;
  EXPECT_NO_THROW(require_useful(privacy, 4.24, 10, 1000000));
}

TEST(ClientPrivacy, SharesOfAllSitesAddUpToTheNoiseAskedFor) {
  for (const ClientNoise kind : {ClientNoise::kSkellam, ClientNoise::kDiscreteGaussian}) {
    const ClientPrivacy privacy{.noise = kind, .colluding = 1};
    constexpr std::size_t kNumbers = 20000;
    std::vector<std::uint64_t> sum(kNumbers, 0);
    const ShareGrid grid{kNumbers, 1000, 5};
    for (std::uint64_t site = 0; site < 4; ++site) {  // the fifth keeps its share back
      NoiseStream stream(NoiseKey::from_seed(site, "share"));
      add_noise_share(sum, privacy, 2, 0.5, grid, stream);
    }
    double square = 0;
    for (const std::uint64_t value : sum) square += std::pow(static_cast<double>(static_cast<std::int64_t>(value)), 2);
    EXPECT_NEAR(std::sqrt(square / kNumbers) / (2 * 0.5 * 1000), 1, 5 / std::sqrt(2.0 * kNumbers));
  }
  std::vector<std::uint64_t> none(1, 0);
  NoiseStream stream(NoiseKey::random());
  EXPECT_THROW(add_noise_share(none, {}, 1, 1, {1, 1, 1}, stream), Error);
  EXPECT_THROW(add_noise_share(none, {.noise = ClientNoise::kSkellam, .colluding = 1}, 1, 1, {1, 1, 1}, stream), Error);
}

TEST(ClientPrivacy, ReadsItsKeysAndRefusesWhatDoesNotGoTogether) {
  const auto parse = [](const Json& json) {
    ClientPrivacy privacy;
    SettingsReader reader(json, "privacy");
    read_client_privacy(reader, privacy);
    return privacy;
  };
  const ClientPrivacy all{2, 0, 4, 1e-6, ClientNoise::kCentral, 0, AdaptiveClip{}, 5, 0.01};
  EXPECT_EQ(parse(to_json(all)), all);
  const auto refused = [&](const Json& json, const char* words) { EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { parse(json); }), testing::HasSubstr(words)); };
  refused(Json::object(), "noise_multiplier");
  refused({{"noise_multiplier", 1}, {"epsilon", 1}}, "noise_multiplier");
  refused({{"noise_multiplier", 1}, {"clip", 0}}, "clip");
  refused({{"noise_multiplier", 1}, {"delta", 1}}, "delta");
  refused({{"noise_multiplier", 1}, {"colluding", 1}}, "colluding");
  refused({{"noise_multiplier", 1}, {"noise", "skellam"}, {"adaptive", Json::object()}}, "adaptive");
  refused({{"noise_multiplier", 1}, {"sigma", 1}}, "sigma");
}

}  // namespace
}  // namespace consilium::fl
