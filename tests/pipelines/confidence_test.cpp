#include "pipelines/confidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;

/// A row of voxels; each number is the probability of the lesion.
std::vector<Volume> lesion(const std::vector<float>& p) {
  const Geometry grid{{p.size(), 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  std::vector<float> rest;
  for (const float value : p) rest.push_back(1 - value);
  return {{grid, rest}, {grid, p}};
}

RegionConfidence of(const std::vector<float>& p) { return confidence_of(lesion(p), imaging::label_scheme("binary"), {"lesion"}).at(0); }

TEST(Confidence, IsTheMeanOverTheRegionAndOverItsBorder) {
  const RegionConfidence c = of({0, 0.1F, 0.75F, 1, 1, 1, 1});
  EXPECT_EQ(c.voxels, 5U);
  EXPECT_NEAR(c.probability, 4.75 / 5, 1e-6);
  EXPECT_NEAR(c.margin, 4.5 / 5, 1e-6);
  const double bits = 0.811278124;  // entropy of 1/4
  EXPECT_NEAR(c.entropy_bits, bits / 5, 1e-6);
  EXPECT_NEAR(c.border_margin, (0.8 + 0.5) / 2, 1e-6);  // one voxel on either side
  EXPECT_NEAR(c.border_entropy_bits, (0.468995594 + bits) / 2, 1e-6);
}

TEST(Confidence, OfACoinIsNoneAndOfCertaintyIsAll) {
  const RegionConfidence sure = of({0, 0, 1, 1}), coin = of({0.4999F, 0.5001F});
  EXPECT_NEAR(sure.margin, 1, 1e-6);
  EXPECT_NEAR(sure.entropy_bits, 0, 1e-6);
  EXPECT_NEAR(sure.border_entropy_bits, 0, 1e-6);
  EXPECT_NEAR(coin.margin, 0, 1e-3);
  EXPECT_NEAR(coin.entropy_bits, 1, 1e-3);
}

TEST(Confidence, WithoutARegionThereIsNothingToBeSureOf) {
  const RegionConfidence none = of({0.1F, 0.2F});
  EXPECT_EQ(none.voxels, 0U);
  EXPECT_EQ(none.margin, 0);
  EXPECT_EQ(none.border_margin, 0);
}

TEST(Confidence, ARegionIsTheSumOfItsTissues) {
  // Necrotic core, oedema, enhancing: sure that it is tumour, not which part.
  const Geometry grid{{1, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3};
  const std::vector<Volume> p{{grid, {0.0F}}, {grid, {0.3F}}, {grid, {0.3F}}, {grid, {0.4F}}};
  const auto found = confidence_of(p, imaging::label_scheme("brats2023"), {"WT", "TC", "ET"});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NEAR(found[0].probability, 1, 1e-6);
  EXPECT_NEAR(found[1].probability, 0.7, 1e-6);
  EXPECT_NEAR(found[2].probability, 0.4, 1e-6);
  EXPECT_NEAR(found[2].margin, 0.2, 1e-6);
}

TEST(Confidence, OddImagesAreRefused) {
  std::vector<Volume> p = lesion({0, 1});
  p[1].geometry.origin_mm[0] = 1;
  refusal(ErrorCode::kMismatch, [&] { confidence_of(p, imaging::label_scheme("binary"), {"lesion"}); });
  refusal(ErrorCode::kMismatch, [&] { confidence_of(std::span(p).first(1), imaging::label_scheme("binary"), {"lesion"}); });
  refusal(ErrorCode::kMismatch, [&] { confidence_of(lesion({0, 1}), imaging::label_scheme("binary"), {"lesion", "WT"}); });
}

}  // namespace
}  // namespace consilium::pipelines
