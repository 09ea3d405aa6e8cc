#include "models/attack/inversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/metrics/similarity.h"
#include "models/state/arithmetic.h"
#include "tests/models/attack/toy_case.h"
#include "tests/support/refusal.h"

namespace consilium::models {
namespace {

using imaging::Similarity;

Similarity compare(const std::vector<float>& found, const VictimPatch& real) { return imaging::similarity(found, real.image, {16, 16, 16}); }

/// What somebody sees who knows no more than what such images look like.
double ssim_of_another_patient() { return compare(test::toy_patch(50).image, test::toy_patch(1)).ssim; }

TEST(Inversion, AFirstLinearLayerHoldsASingleCaseExactly) {
  Victim victim({.network = VictimNetwork::kLinear}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  const std::vector<float> found = recover_from_linear(victim, victim.update({{real}}));
  for (std::size_t n = 0; n < found.size(); ++n) ASSERT_NEAR(found[n], real.image[n], 0.01);
  // Of several cases it holds a mixture.
  const std::vector<float> mixed = recover_from_linear(victim, victim.update({{real, test::toy_patch(2), test::toy_patch(3)}}));
  EXPECT_LT(compare(mixed, real).psnr_db, 30);
  EXPECT_GT(compare(found, real).psnr_db, 50);
}

TEST(Inversion, MatchingTheGradientsAngleReconstructsASingleCase) {
  Victim victim({}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  const ModelState seen = victim.update({{real}});
  const Reconstruction found = invert_update(victim, seen, std::vector{real}, {.iterations = 200}, Rng(5));
  EXPECT_GT(compare(found.images[0], real).ssim, 0.9);
  EXPECT_GT(compare(found.images[0], real).psnr_db, 25);
  EXPECT_LT(ssim_of_another_patient(), 0.3);
  EXPECT_EQ(invert_update(victim, seen, std::vector{real}, {.iterations = 200}, Rng(5)).images, found.images) << "same seed, same bytes";
}

TEST(Inversion, KnowsNothingOfTheImageItLooksFor) {
  Victim victim({}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  VictimPatch blank = real;
  std::fill(blank.image.begin(), blank.image.end(), 0.0F);
  const ModelState seen = victim.update({{real}});
  EXPECT_EQ(invert_update(victim, seen, std::vector{blank}, {.iterations = 20}, Rng(5)).images, invert_update(victim, seen, std::vector{real}, {.iterations = 20}, Rng(5)).images);
}

TEST(Inversion, NoiseHidesTheCase) {
  Victim victim({}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  ModelState seen = victim.update({{real}});
  double squares = 0;
  for (const NamedTensor& tensor : seen.tensors)
    for (const float value : tensor.values) squares += static_cast<double>(value) * static_cast<double>(value);
  Rng rng(8);
  for (NamedTensor& tensor : seen.tensors)
    for (float& value : tensor.values) value += static_cast<float>(rng.normal(0, 0.5 * std::sqrt(squares)));
  const Reconstruction found = invert_update(victim, seen, std::vector{real}, {.iterations = 200}, Rng(5));
  EXPECT_LT(compare(found.images[0], real).ssim, 0.3);
}

TEST(Inversion, TheProjectsOwnNetworkHasGradientsOfGradients) {
  Victim victim({.network = VictimNetwork::kUNet}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  const ModelState seen = victim.update({{real}});
  const double before = invert_update(victim, seen, std::vector{real}, {.iterations = 1}, Rng(5)).mismatch;
  EXPECT_LT(invert_update(victim, seen, std::vector{real}, {.iterations = 25}, Rng(5)).mismatch, 0.7 * before);
}

TEST(Inversion, DeepLeakageFromGradientsReconstructsToo) {
  Victim victim({.size = 8}, Rng(1));
  const VictimPatch real = test::toy_patch(1, 8);
  const Reconstruction found = invert_update(victim, victim.update({{real}}), std::vector{real}, {.matching = GradientMatching::kL2, .iterations = 1200}, Rng(5));
  EXPECT_GT(imaging::similarity(found.images[0], real.image, {8, 8, 8}).ssim, 0.8);
}

TEST(Victim, SeveralStepsAreOneUpdateAndLeaveTheWeightsAsTheyWere) {
  Victim victim({}, Rng(1));
  const VictimPatch a = test::toy_patch(1), b = test::toy_patch(2);
  const ModelState one = victim.update({{a}}), two = victim.update({{a}, {b}});
  EXPECT_EQ(digest(victim.update({{a}})), digest(one));
  EXPECT_NE(digest(one), digest(two));
  EXPECT_EQ(digest(Victim({}, Rng(1)).update({{a}})), digest(one));
  EXPECT_NE(digest(Victim({}, Rng(2)).update({{a}})), digest(one));
}

TEST(Victim, WhatDoesNotFitIsRefused) {
  Victim victim({}, Rng(1));
  const VictimPatch real = test::toy_patch(1);
  const auto refused = [](ErrorCode code, const std::function<void()>& act) { return consilium::test::refusal(code, act); };
  EXPECT_THAT(refused(ErrorCode::kUsage, [] { Victim({.size = 9}, Rng(1)); }), testing::HasSubstr("size"));
  EXPECT_THAT(refused(ErrorCode::kMismatch, [&] { victim.update({{test::toy_patch(1, 8)}}); }), testing::HasSubstr("network's size"));
  EXPECT_THAT(refused(ErrorCode::kUsage, [&] { victim.update({}); }), testing::HasSubstr("no batch"));
  EXPECT_THAT(refused(ErrorCode::kMismatch, [&] { invert_update(victim, {}, std::vector{real}, {}, Rng(1)); }), testing::HasSubstr("conv1.weight"));
  EXPECT_THAT(refused(ErrorCode::kUsage, [&] { invert_update(victim, victim.update({{real}}), {}, {}, Rng(1)); }), testing::HasSubstr("at least one"));
  EXPECT_THAT(refused(ErrorCode::kUsage, [&] { recover_from_linear(victim, victim.update({{real}})); }), testing::HasSubstr("linear layer"));
}

}  // namespace
}  // namespace consilium::models
