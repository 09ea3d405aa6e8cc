#include "fl/privacy/clip.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "fl/privacy/adaptive_clip.h"

namespace consilium::fl {
namespace {

TEST(Clip, LeavesWhatIsShortAndShortensWhatIsLong) {
  std::vector<double> small{0.3, 0.4}, large{3, 4}, zero{0, 0};
  EXPECT_DOUBLE_EQ(clip_l2(small, 1), 0.5);
  EXPECT_EQ(small, (std::vector<double>{0.3, 0.4}));
  EXPECT_DOUBLE_EQ(clip_l2(large, 1), 5);
  EXPECT_NEAR(large[0], 0.6, 1e-15);
  EXPECT_EQ(clip_l2(zero, 1), 0);
  EXPECT_EQ(zero, (std::vector<double>{0, 0}));
}

TEST(Clip, CountsAllTensorsOfAModelTogetherAndStaysBelowTheBoundInFloat32) {
  Rng rng(3);
  ModelState state{{{"a", "trunk", {1000}, {}}, {"b", "head", {500}, {}}}};
  for (NamedTensor& tensor : state.tensors)
    for (std::int64_t n = 0; n < tensor.shape[0]; ++n) tensor.values.push_back(static_cast<float>(rng.normal()));
  const double before = l2_norm(state);
  EXPECT_GT(before, 30);
  EXPECT_DOUBLE_EQ(clip_l2(state, 0.7), before);
  EXPECT_LE(l2_norm(state), 0.7);
  EXPECT_GT(l2_norm(state), 0.7 * (1 - 1e-6));
}

TEST(Clip, SurvivesMagnitudesWhoseSquaresDoNot) {
  std::vector<double> huge{3e200, 4e200}, tiny{3e-200, 4e-200};
  EXPECT_NEAR(clip_l2(huge, 1) / 5e200, 1, 1e-12);
  EXPECT_NEAR(huge[1], 0.8, 1e-12);
  EXPECT_NEAR(l2_norm(tiny) / 5e-200, 1, 1e-12);
}

TEST(Clip, RefusesWhatIsNotFinite) {
  for (const double bad : std::vector<double>{std::nan(""), INFINITY, -INFINITY}) {
    std::vector<double> values{1, bad};
    try {
      clip_l2(values, 1);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    }
  }
  std::vector<double> values{1};
  for (const double clip : std::vector<double>{0, -1, std::nan(""), INFINITY}) EXPECT_THROW(clip_l2(values, clip), Error) << clip;
}

TEST(AdaptiveClip, GrowsWhileEverythingIsClippedAndShrinksWhileNothingIs) {
  const AdaptiveClip settings;
  EXPECT_NEAR(next_clip(0.1, 0, 10, settings), 0.1 * std::exp(0.2 * 0.5), 1e-15);
  EXPECT_NEAR(next_clip(0.1, 10, 10, settings), 0.1 * std::exp(-0.2 * 0.5), 1e-15);
  EXPECT_EQ(next_clip(0.1, 5, 10, settings), 0.1);
}

TEST(AdaptiveClip, FindsTheQuantileOfNorms) {
  Rng rng(9);
  std::vector<double> norms;
  for (int n = 0; n < 100; ++n) norms.push_back(std::exp(rng.normal()));  // median 1
  for (const double start : {1e-3, 1e3}) {
    double clip = start;
    for (int round = 0; round < 300; ++round) {
      double below = 0;
      for (const double norm : norms) below += norm <= clip;
      clip = next_clip(clip, below + rng.normal(0, 5), 100, {});
    }
    EXPECT_GT(clip, 0.6) << start;
    EXPECT_LT(clip, 1.6) << start;
  }
}

TEST(AdaptiveClip, NoiseOnTheBitsMustNotCostAllThePrivacy) {
  EXPECT_NEAR(1 / std::pow(noise_multiplier_beside_count(2, 3), 2) + 1 / std::pow(2 * 3.0, 2), 1 / 4.0, 1e-15);
  EXPECT_THROW(noise_multiplier_beside_count(2, 1), Error);
  EXPECT_THROW(noise_multiplier_beside_count(2, 0.5), Error);
  EXPECT_EQ(count_noise_of({}, 100), 5);
}

TEST(AdaptiveClip, ReadsItsKeysAndRefusesValuesOutOfRange) {
  const auto parse = [](const Json& json) {
    AdaptiveClip settings;
    SettingsReader reader(json, "adaptive_clip");
    read_adaptive_clip(reader, settings);
    return settings;
  };
  EXPECT_EQ(parse(Json::object()), AdaptiveClip{});
  EXPECT_EQ(parse(to_json(AdaptiveClip{1, 0.3, 0.9, 2})), (AdaptiveClip{1, 0.3, 0.9, 2}));
  for (const auto& [key, value] : std::vector<std::pair<const char*, double>>{{"initial", 0}, {"learning_rate", 0}, {"quantile", 1}, {"count_noise", -1}}) EXPECT_THROW(parse({{key, value}}), Error) << key;
}

}  // namespace
}  // namespace consilium::fl
