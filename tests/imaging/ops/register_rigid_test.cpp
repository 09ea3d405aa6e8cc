#include "imaging/ops/register_rigid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/rng.h"
#include "imaging/phantom/acquire.h"
#include "imaging/vec3.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using test::refusal;
using testing::HasSubstr;

constexpr double kDegree = std::numbers::pi / 180;

/// Greatest distance between where two transforms put the corners and the middle of a grid.
double farthest_mm(const RigidTransform& a, const RigidTransform& b, const Geometry& grid) {
  double farthest = 0;
  for (unsigned corner = 0; corner < 9; ++corner) {
    Vec3 index;
    for (unsigned c = 0; c < 3; ++c) index[c] = corner == 8 ? 0.5 * static_cast<double>(grid.size[c] - 1) : (corner >> c & 1U) != 0 ? static_cast<double>(grid.size[c] - 1) : 0;
    const Vec3 place = to_position_mm(grid, index), pa = transformed(a, place), pb = transformed(b, place);
    farthest = std::max(farthest, length_of({pa[0] - pb[0], pa[1] - pb[1], pa[2] - pb[2]}));
  }
  return farthest;
}

/// Four blobs of different size and brightness; `inside_out` shows them as another scanner would.
Volume blobs(const Geometry& grid, const RigidTransform& to_blobs, bool inside_out) {
  struct Blob {
    Vec3 centre;
    double sigma, height;
  };
  const Blob all[]{{{0, 0, 0}, 22, 1}, {{18, 10, -6}, 7, 0.8}, {{-15, 14, 8}, 6, -0.6}, {{6, -20, 10}, 9, 0.5}};
  Volume image{grid, std::vector<float>(voxel_count(grid))};
  for (std::size_t n = 0; n < image.voxels.size(); ++n) {
    const Size3& s = grid.size;
    const Vec3 p = transformed(to_blobs, to_position_mm(grid, {static_cast<double>(n % s[0]), static_cast<double>(n / s[0] % s[1]), static_cast<double>(n / s[0] / s[1])}));
    double value = 0;
    for (const Blob& b : all) {
      const double r = length_of({p[0] - b.centre[0], p[1] - b.centre[1], p[2] - b.centre[2]});
      value += b.height * std::exp(-0.5 * r * r / (b.sigma * b.sigma));
    }
    image.voxels[n] = static_cast<float>(inside_out ? 500 * std::sin(2.2 * value) : 100 * value);
  }
  return image;
}

const Geometry kFixed{{40, 42, 36}, {2, 2, 2}, {-39, -41, -35}, kIdentity3}, kMoving{{36, 34, 30}, {2.4, 2.4, 2.8}, {-40, -38, -41}, kIdentity3};

TEST(RegisterRigid, FindsAKnownTurnAndShiftBetweenTwoContrasts) {
  const RigidTransform truth = turned({6 * kDegree, -4 * kDegree, 9 * kDegree}, {3, -2, 5}, {7, -5, 4});
  const Volume fixed = blobs(kFixed, {}, false), moving = blobs(kMoving, inverse(truth), true);
  const RigidRegistration found = register_rigid(fixed, moving);
  EXPECT_LT(farthest_mm(found.to_moving, truth, kFixed), 2.0) << "a voxel, at the corners";
  EXPECT_GT(found.information, 1.2 * found.information_before);
  EXPECT_GT(found.sharpness, 1.3);
  EXPECT_NEAR(found.turn_degrees, rotation_degrees(truth), 1);
  EXPECT_GT(found.overlap, 0.6);
}

TEST(RegisterRigid, FindsImagesWhoseScannersShareNoOrigin) {
  const RigidTransform truth = turned({0, 3 * kDegree, -5 * kDegree}, {0, 0, 0}, {310, -150, 900});
  Geometry far = kMoving;
  for (std::size_t a = 0; a < 3; ++a) far.origin_mm[a] += truth.shift_mm[a];
  const Volume fixed = blobs(kFixed, {}, false), moving = blobs(far, inverse(truth), true);
  const RigidRegistration found = register_rigid(fixed, moving);
  EXPECT_LT(farthest_mm(found.to_moving, truth, kFixed), 2.0);
  EXPECT_EQ(found.information_before, 0) << "they did not overlap";
  EXPECT_GT(found.displacement_mm, 900);
}

TEST(RegisterRigid, BringsAHeadsCtAndMrTogether) {
  Rng rng(11);
  const Head head = make_head({.spacing_mm = 2.5, .tumour = {}}, rng);
  const RigidTransform truth = turned({5 * kDegree, -3 * kDegree, 7 * kDegree}, {0, 0, 0}, {-6, 9, 5});
  const Geometry grid = acquisition_grid(SliceOrientation::kAxial, {4, 4, 4}, {168, 208, 156}, 0);
  Acquisition ct{.modality = PhantomModality::kCt, .grid = grid, .sequence = {}}, mr{.grid = placed(grid, inverse(truth)), .sequence = {.tr_ms = 520, .te_ms = 14}};
  Volume fixed = acquire(head, ct, rng), moving = acquire(head, mr, rng);
  for (float& value : fixed.voxels) value = std::clamp(value, -200.0F, 300.0F);
  moving.geometry = grid;  // the patient lay differently in the second scanner
  const RigidRegistration found = register_rigid(fixed, moving);
  EXPECT_LT(farthest_mm(found.to_moving, truth, placed({{33, 41, 31}, {4, 4, 4}, {-64, -80, -60}, kIdentity3}, {})), 4.0) << "a voxel, at the corners of the head";
  EXPECT_GT(found.information, found.information_before);
  EXPECT_EQ(register_rigid(fixed, moving).to_moving, found.to_moving) << "same images, same bits";
}

TEST(RegisterRigid, NoiseHasNoPlaceThatIsBetterThanAnother) {
  Rng rng(5);
  Volume fixed{kFixed, {}}, moving{kMoving, {}};
  for (std::size_t n = 0; n < voxel_count(kFixed); ++n) fixed.voxels.push_back(static_cast<float>(rng.normal(0, 1)));
  for (std::size_t n = 0; n < voxel_count(kMoving); ++n) moving.voxels.push_back(static_cast<float>(rng.normal(0, 1)));
  const RigidRegistration found = register_rigid(fixed, moving);
  EXPECT_LT(found.sharpness, 1.2);
  EXPECT_LT(found.information, 0.1);
}

TEST(RegisterRigid, WhatCannotBeDoneIsRefused) {
  const Volume image = blobs(kFixed, {}, false);
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { register_rigid(image, image, {.levels_mm = {}}); }), HasSubstr("levels"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { register_rigid(image, image, {.levels_mm = {4, 0}}); }), HasSubstr("levels_mm"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { register_rigid(image, image, {.bins = 2}); }), HasSubstr("bins"));
  Volume odd = image;
  odd.geometry.size[0] = 0;
  refusal(ErrorCode::kCorruptData, [&] { register_rigid(image, odd); });
}

TEST(RigidTransform, PlacingAGridTakesItsVoxelsAlong) {
  const RigidTransform t = turned({0.2, -0.1, 0.4}, {5, 6, 7}, {1, 2, 3});
  const Vec3 before = to_position_mm(kMoving, {3, 4, 5}), expected = transformed(t, before), after = to_position_mm(placed(kMoving, t), {3, 4, 5}), back = transformed(inverse(t), expected);
  for (std::size_t a = 0; a < 3; ++a) {
    EXPECT_NEAR(after[a], expected[a], 1e-9);
    EXPECT_NEAR(back[a], before[a], 1e-9);
  }
  EXPECT_NO_THROW(validate(placed(kMoving, t)));
  EXPECT_NEAR(rotation_degrees(turned({0, 0, 30 * kDegree}, {1, 1, 1}, {0, 0, 0})), 30, 1e-9);
  const Vec3 fixed_point = transformed(turned({0.3, 0, 0}, {4, 5, 6}, {0, 0, 0}), {4, 5, 6});
  EXPECT_NEAR(fixed_point[1], 5, 1e-12);
}

}  // namespace
}  // namespace consilium::imaging
