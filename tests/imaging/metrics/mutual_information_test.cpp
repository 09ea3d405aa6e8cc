#include "imaging/metrics/mutual_information.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

/// 4 x 4 x 4 voxels of 2 mm; values by index.
Volume image_of(float (*value)(std::size_t)) {
  Volume image{{{4, 4, 4}, {2, 2, 2}, {0, 0, 0}, kIdentity3}, {}};
  for (std::size_t n = 0; n < 64; ++n) image.voxels.push_back(value(n));
  return image;
}

TEST(MutualInformation, OfAnImageWithItselfIsItsEntropy) {
  const Volume halves = image_of([](std::size_t n) { return n < 32 ? 0.0F : 9.0F; }), quarters = image_of([](std::size_t n) { return static_cast<float>(n / 16); });
  EXPECT_NEAR(mutual_information(halves, halves).nats, std::log(2.0), 1e-12);
  EXPECT_NEAR(mutual_information(quarters, quarters).nats, std::log(4.0), 1e-12);
  EXPECT_NEAR(mutual_information(quarters, halves).nats, std::log(2.0), 1e-12);  // it knows the half
  EXPECT_EQ(mutual_information(halves, halves).inside_share, 1);
}

TEST(MutualInformation, OfImagesThatHaveNothingToDoWithOneAnotherIsNone) {
  const Volume along_i = image_of([](std::size_t n) { return static_cast<float>(n % 4); }), along_k = image_of([](std::size_t n) { return static_cast<float>(n / 16); });
  EXPECT_NEAR(mutual_information(along_i, along_k).nats, 0, 1e-12);
  EXPECT_EQ(mutual_information(along_i, image_of([](std::size_t) { return 3.0F; })).nats, 0);
}

TEST(MutualInformation, CountsOnlyWhereTheImagesOverlap) {
  const Volume image = image_of([](std::size_t n) { return static_cast<float>(n / 16); });
  const MutualInformation moved = mutual_information(image, image, {kIdentity3, {0, 0, 4}});  // two planes on
  EXPECT_EQ(moved.inside_share, 0.5);
  EXPECT_NEAR(moved.nats, std::log(2.0), 1e-12);
  const MutualInformation away = mutual_information(image, image, {kIdentity3, {0, 0, 100}});
  EXPECT_EQ(away.inside_share, 0);
  EXPECT_EQ(away.nats, 0);
}

TEST(MutualInformation, FewerSamplesLieEvenly) {
  const Volume image = image_of([](std::size_t n) { return static_cast<float>(n / 16); });
  EXPECT_NEAR(mutual_information(image, image, {}, {.most_samples = 8}).nats, std::log(2.0), 1e-12);  // planes 0 and 2
  test::refusal(ErrorCode::kUsage, [&] { mutual_information(image, image, {}, {.bins = 1}); });
}

}  // namespace
}  // namespace consilium::imaging
