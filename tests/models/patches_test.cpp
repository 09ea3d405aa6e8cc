#include "models/patches.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace consilium::models {
namespace {

/// Two channels whose values tell the voxel; one voxel of class 2.
TrainingCase sample_case() {
  TrainingCase sample{"a", 2, {6, 5, 7}, {}, std::vector<std::uint8_t>(210, 0)};
  for (int n = 0; n < 420; ++n) sample.image.push_back(static_cast<float>(n + 1));
  sample.labels[(4 * 5 + 1) * 7 + 6] = 2;
  return sample;
}

TEST(Patches, AForegroundPatchHoldsForegroundAndStaysInTheImage) {
  const TrainingCase sample = sample_case();
  Rng rng(4);
  std::vector<float> image(2 * 27);
  std::vector<std::int64_t> labels(27);
  int with_foreground = 0;
  for (int n = 0; n < 200; ++n) {
    const PatchPlace place = draw_patch(sample, {3, 3, 3}, true, rng);
    for (int axis = 0; axis < 3; ++axis) {
      EXPECT_GE(place.start[axis], 0);
      EXPECT_LE(place.start[axis] + 3, sample.size[axis]);
    }
    copy_patch(sample, place, {3, 3, 3}, image, labels);
    EXPECT_EQ(std::count(labels.begin(), labels.end(), 2), 1);
    copy_patch(sample, draw_patch(sample, {3, 3, 3}, false, rng), {3, 3, 3}, image, labels);
    with_foreground += std::count(labels.begin(), labels.end(), 2) > 0 ? 1 : 0;
  }
  EXPECT_LT(with_foreground, 120) << "places without oversampling are anywhere";
}

TEST(Patches, ValuesComeFromTheirPlace) {
  const TrainingCase sample = sample_case();
  std::vector<float> image(2 * 8);
  std::vector<std::int64_t> labels(8);
  copy_patch(sample, {{4, 1, 5}}, {2, 2, 2}, image, labels);
  EXPECT_EQ(image[0], sample.image[(4 * 5 + 1) * 7 + 5]);
  EXPECT_EQ(image[8 + 7], sample.image[210 + (5 * 5 + 2) * 7 + 6]);
  EXPECT_EQ(labels[1], 2);
}

TEST(Patches, AnImageSmallerThanThePatchIsCentredInZeros) {
  const TrainingCase sample = sample_case();
  Rng rng(1);
  const PatchPlace place = draw_patch(sample, {10, 5, 7}, true, rng);
  EXPECT_EQ(place.start, (std::array<std::int64_t, 3>{-2, 0, 0}));
  std::vector<float> image(2 * 350);
  std::vector<std::int64_t> labels(350);
  copy_patch(sample, place, {10, 5, 7}, image, labels);
  EXPECT_EQ(image[0], 0);
  EXPECT_EQ(image[2 * 35], 1);
  EXPECT_EQ(std::count(labels.begin(), labels.end(), 2), 1);
}

TEST(Patches, ACaseThatDoesNotFitTheNetworkIsRefusedByName) {
  const TrainingCase sample = sample_case();
  EXPECT_NO_THROW(validate(sample, 2, 3));
  EXPECT_THROW(validate(sample, 4, 3), Error);
  EXPECT_THROW(validate(sample, 2, 2), Error);
}

}  // namespace
}  // namespace consilium::models
