#include "imaging/metrics/similarity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

constexpr Size3 kSize{10, 9, 8};

std::vector<float> noise(std::uint64_t seed, double deviation = 1) {
  Rng rng(seed);
  std::vector<float> values(10 * 9 * 8);
  for (float& value : values) value = static_cast<float>(rng.normal(0, deviation));
  return values;
}

TEST(Similarity, EqualImagesAreEqualWhateverTheirBrightnessAndContrast) {
  const std::vector<float> image = noise(1);
  std::vector<float> other = image;
  for (float& value : other) value = -3 * value + 7;
  const Similarity same = similarity(other, image, kSize);
  EXPECT_NEAR(same.ssim, 1, 1e-6);
  EXPECT_GT(same.psnr_db, 90);
  EXPECT_NEAR(same.correlation, -1, 1e-6);
}

TEST(Similarity, PsnrIsRangeOverTheNoiseThatWasAdded) {
  std::vector<float> image(kSize[0] * kSize[1] * kSize[2]);
  for (std::size_t n = 0; n < image.size(); ++n) image[n] = static_cast<float>(n % 2);  // range 1
  std::vector<float> other = image;
  const std::vector<float> added = noise(2, 0.01);
  for (std::size_t n = 0; n < image.size(); ++n) other[n] += added[n];
  EXPECT_NEAR(similarity(other, image, kSize).psnr_db, 40, 0.5);  // 20 log10(1 / 0.01), 720 draws
}

TEST(Similarity, UnrelatedImagesAreNotAlike) {
  const Similarity unrelated = similarity(noise(1), noise(2), kSize);
  EXPECT_LT(unrelated.ssim, 0.1);
  EXPECT_NEAR(unrelated.correlation, 0, 0.15);
}

TEST(Similarity, SmallImagesAreOneCube) { EXPECT_NEAR(similarity(std::vector<float>{1, 2, 3, 4}, std::vector<float>{1, 2, 3, 4}, {2, 2, 1}).ssim, 1, 1e-6); }

TEST(Similarity, WhatCannotBeComparedIsRefused) {
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [] { similarity(std::vector<float>(3), noise(1), kSize); }), testing::HasSubstr("one size"));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { similarity(noise(1), std::vector<float>(720, 2.0F), kSize); }), testing::HasSubstr("same everywhere"));
}

}  // namespace
}  // namespace consilium::imaging
