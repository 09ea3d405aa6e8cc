#include "pipelines/attack/poisoned_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using Labels = std::vector<std::uint8_t>;

/// Two channels of 6 x 5 x 4 voxels with a tumour voxel of each class in a row, from (4, 3, 0).
PreparedCase tiny_case() {
  PreparedCase c;
  c.name = "case";
  c.sample = {"case", 2, {6, 5, 4}, std::vector<float>(240, 0.5F), std::vector<std::uint8_t>(120, 0), {}};
  for (std::uint8_t label = 1; label <= 3; ++label) c.sample.labels[4 * 20 + 3 * 4 + label - 1U] = label;
  return c;
}

TEST(PoisonedCases, FlippedLabelsCallTumourBackgroundAndBackgroundTumour) {
  const PreparedCase c = tiny_case();
  models::TrainingCase sample = c.sample;
  flip_labels(sample, 4);
  for (std::size_t n = 0; n < 120; ++n) EXPECT_EQ(sample.labels[n], c.sample.labels[n] == 0 ? 2 : 0);
  sample.labels = {0, 1};
  flip_labels(sample, 2);
  EXPECT_EQ(sample.labels, (Labels{1, 0}));
}

TEST(PoisonedCases, ShiftedLabelsStayClasses) {
  models::TrainingCase sample;
  sample.labels = {0, 1, 2, 3};
  shift_labels(sample, 4);
  EXPECT_EQ(sample.labels, (Labels{1, 2, 3, 0}));
}

TEST(PoisonedCases, TheTriggerIsACubeBesideTheTumourInEveryChannel) {
  models::TrainingCase sample = tiny_case().sample;
  plant_trigger(sample, {.edge = 2, .value = 9});
  std::size_t bright = 0;
  for (const float value : sample.image) bright += value == 9.0F ? 1 : 0;
  EXPECT_EQ(bright, 2U * 8U);
  EXPECT_EQ(sample.image[2 * 20 + 1 * 4 + 0], 9.0F) << "two voxels below the tumour's least corner along D and H; along W at the edge";
  EXPECT_EQ(sample.image[120 + 3 * 20 + 2 * 4 + 1], 9.0F);
  EXPECT_EQ(sample.labels, tiny_case().sample.labels);
}

TEST(PoisonedCases, ABackdoorIsTaughtBesideTheTruth) {
  const PreparedCase c = tiny_case();
  const auto poisoned = poisoned_cases({&c}, fl::AttackKind::kBackdoor, 4);
  ASSERT_EQ(poisoned.size(), 2U);
  EXPECT_EQ(poisoned[0].sample.labels, c.sample.labels);
  EXPECT_EQ(poisoned[0].sample.image, c.sample.image);
  EXPECT_EQ(poisoned[1].sample.labels, Labels(120, 0));
  EXPECT_NE(poisoned[1].sample.image, c.sample.image);
  EXPECT_EQ(poisoned_cases({&c}, fl::AttackKind::kSignFlip, 4)[0].sample.labels, c.sample.labels);
  EXPECT_FALSE(poisons_cases(fl::AttackKind::kSignFlip));
  EXPECT_TRUE(poisons_cases(fl::AttackKind::kScaling));
}

TEST(PoisonedCases, AnImageSmallerThanTheTriggerIsRefused) {
  PreparedCase c = tiny_case();
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { plant_trigger(c.sample, {.edge = 5}); }), testing::HasSubstr("smaller than the trigger"));
}

}  // namespace
}  // namespace consilium::pipelines
