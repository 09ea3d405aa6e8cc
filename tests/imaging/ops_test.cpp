#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "imaging/metrics/overlap.h"
#include "imaging/ops/crop.h"
#include "imaging/ops/intensity.h"
#include "imaging/ops/resample.h"

namespace consilium::imaging {
namespace {

/// A linear function of position: linear interpolation must reproduce it exactly.
Volume ramp(const Geometry& g) {
  Volume v{g, {}};
  for (std::size_t k = 0; k < g.size[2]; ++k)
    for (std::size_t j = 0; j < g.size[1]; ++j)
      for (std::size_t i = 0; i < g.size[0]; ++i) {
        const Vec3 p = to_position_mm(g, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        v.voxels.push_back(static_cast<float>(2 * p[0] - 3 * p[1] + 0.5 * p[2] + 1));
      }
  return v;
}

const Geometry kGrid{{12, 10, 8}, {1, 1.5, 2}, {-4, 3, 10}, {{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}}};

TEST(Resample, LinearAndSplineReproduceAKnownFunctionBetweenVoxels) {
  const Volume source = ramp(kGrid);
  // A turned, finer grid well inside.
  const double a = 0.2;
  const Geometry inner{{6, 5, 4}, {0.7, 0.6, 0.8}, to_position_mm(kGrid, {5, 4, 3}), {{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}}};
  const Volume expected = ramp(inner);
  const Volume linear = resample(source, inner);
  for (std::size_t i = 0; i < expected.voxels.size(); ++i) EXPECT_NEAR(linear.voxels[i], expected.voxels[i], 1e-4);

  // Away from the edge, whose mirror the sine does not follow: midway between samples a cubic spline errs by h^4 / 384 times the fourth derivative: 0.2^4 / 384 = 4.2e-6 (linear: 5e-3).
  constexpr double kSplineError = 4.3e-6;
  Geometry line{{41, 1, 1}, {0.1, 1, 1}, {0, 0, 0}, kIdentity3};
  Volume wave{line, {}};
  for (int i = 0; i < 41; ++i) wave.voxels.push_back(static_cast<float>(std::sin(0.1 * i * 2)));
  Geometry between = line;
  between.origin_mm[0] = 0.05;
  between.size[0] = 40;
  const Volume spline = resample(wave, between, {.interpolation = Interpolation::kBSpline});
  for (int i = 14; i < 26; ++i) EXPECT_NEAR(spline.voxels[i], std::sin((0.1 * i + 0.05) * 2), kSplineError);
}

TEST(Resample, OntoItsOwnGridChangesNothing) {
  const Volume source = ramp(kGrid);
  EXPECT_EQ(resample(source, kGrid).voxels, source.voxels);
  EXPECT_EQ(resample(source, kGrid, {.interpolation = Interpolation::kNearest}).voxels, source.voxels);
  const Volume spline = resample(source, kGrid, {.interpolation = Interpolation::kBSpline});
  for (std::size_t i = 0; i < source.voxels.size(); ++i) EXPECT_NEAR(spline.voxels[i], source.voxels[i], 1e-4);
}

TEST(Resample, BeyondTheImageIsTheOutsideValue) {
  Geometry shifted = kGrid;
  shifted.origin_mm = to_position_mm(kGrid, {-3, 0, 0});
  const Volume result = resample(ramp(kGrid), shifted, {.outside = -1024});
  EXPECT_EQ(result.voxels[0], -1024);
  EXPECT_NE(result.voxels[3], -1024);
}

TEST(Resample, NewSpacingKeepsTheFieldOfView) {
  const Geometry grid = grid_with_spacing(kGrid, {2, 3, 4});
  EXPECT_EQ(grid.size, (Size3{6, 5, 4}));
  const Vec3 corner = to_position_mm(grid, {-0.5, -0.5, -0.5}), same = to_position_mm(kGrid, {-0.5, -0.5, -0.5});
  for (int r = 0; r < 3; ++r) EXPECT_NEAR(corner[r], same[r], 1e-12);
  EXPECT_THROW(grid_with_spacing(kGrid, {0, 1, 1}), Error);
}

TEST(Crop, KeepsPositionsAndComesBack) {
  Volume volume{kGrid, std::vector<float>(voxel_count(kGrid), 0)};
  volume.voxels[offset_of(kGrid.size, 4, 5, 6)] = 1;
  volume.voxels[offset_of(kGrid.size, 6, 5, 3)] = 2;
  const IndexBox box = foreground_box(volume);
  EXPECT_EQ(box, (IndexBox{{4, 5, 3}, {3, 1, 4}}));
  const Volume part = crop(volume, box);
  EXPECT_EQ(to_position_mm(part.geometry, {0, 0, 0}), to_position_mm(kGrid, {4, 5, 3}));
  EXPECT_EQ(part.voxels.front(), 0);
  EXPECT_EQ(part.voxels[2], 2);
  LabelMap labels{kGrid, std::vector<Label>(voxel_count(kGrid), 0)};
  labels.labels[offset_of(kGrid.size, 4, 5, 6)] = 3;
  EXPECT_EQ(uncrop(crop(labels, box), box, kGrid), labels);
  EXPECT_THROW(crop(volume, {{0, 0, 0}, {13, 1, 1}}), Error);
}

TEST(Intensity, CtWindowIsLinearInsideAndFlatOutside) {
  const Volume hu{{{5, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {-1000, 0, 40, 60, 3000}};
  EXPECT_EQ(window_ct(hu).voxels, (std::vector<float>{0, 0, 0.5, 0.75, 1}));
}

TEST(Intensity, OtsuFindsTheHeadInNoise) {
  Volume head{{{20, 20, 20}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::vector<float>(8000)};
  std::vector<std::uint8_t> truth(8000);
  for (std::size_t n = 0; n < 8000; ++n) {
    truth[n] = n % 20 > 5 && n / 20 % 20 > 5 ? 1 : 0;
    head.voxels[n] = truth[n] != 0 ? 100 + static_cast<float>(n % 7) : static_cast<float>(n % 11);
  }
  EXPECT_EQ(otsu_mask(head), truth);
}

TEST(Overlap, VolumeCountsMillilitres) {
  const std::vector<std::uint8_t> mask{1, 0, 1, 1};
  EXPECT_DOUBLE_EQ(volume_ml(mask, {{4, 1, 1}, {2, 3, 5}, {0, 0, 0}, kIdentity3}), 0.09);
}

}  // namespace
}  // namespace consilium::imaging
