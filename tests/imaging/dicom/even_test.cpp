#include "imaging/dicom/even.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "imaging/dicom/load.h"
#include "tests/support/dicom_files.h"

namespace consilium::imaging {
namespace {

/// Slices of 8 x 6 pixels, 1 mm: a ramp in the patient, value = 100 + 4 y + 10 z, wherever the slices lie.
Series ramp(const fs::path& folder, const std::vector<double>& heights, double tilt) {
  int number = 0;
  for (const double z : heights) {
    test::DicomImage image{.number = ++number, .rows = 8, .columns = 6};
    const double y0 = tilt * z;
    for (int j = 0; j < 8; ++j)
      for (int i = 0; i < 6; ++i) image.pixels.push_back(static_cast<Uint16>(std::lround(100 + 4 * (y0 + j) + 10 * z)));
    image.attributes = {{DCM_PixelSpacing, "1\\1"}, {DCM_ImagePositionPatient, fmt::format("0\\{}\\{}", y0, z)}};
    test::write_dicom(folder / std::to_string(number), image);
  }
  return scan_study(folder).series.at(0);
}

TEST(Even, UnevenSlicesAreInterpolatedAtTheSmallestDistance) {
  const TemporaryFolder folder;
  const Series series = ramp(folder.path(), {0, 1, 2, 4}, 0);
  EXPECT_TRUE(series.is_uneven);
  const Volume volume = load_even(series);
  EXPECT_EQ(volume.geometry.size, (Size3{6, 8, 5}));
  EXPECT_EQ(volume.geometry.spacing_mm[2], 1);
  for (std::size_t k = 0; k < 5; ++k)
    EXPECT_NEAR(volume.voxels[offset_of(volume.geometry.size, 2, 3, k)], 100 + 4 * 3 + 10.0 * static_cast<double>(k), 1e-4) << k;
}

TEST(Even, ATiltIsTakenOutWithinTheSlices) {
  const TemporaryFolder folder;
  const Series series = ramp(folder.path(), {0, 2, 4, 6}, 0.5);
  EXPECT_FALSE(series.is_uneven);
  EXPECT_NEAR(series.tilt_degrees, 26.565, 1e-3);
  const Volume volume = load_even(series);
  // Three rows more: the last slice begins 3 mm further down.
  EXPECT_EQ(volume.geometry.size, (Size3{6, 11, 4}));
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t j = k; j < 8; ++j)
      EXPECT_NEAR(volume.voxels[offset_of(volume.geometry.size, 1, j, k)], 100 + 4.0 * static_cast<double>(j) + 20.0 * static_cast<double>(k), 1e-4);
  EXPECT_EQ(volume.voxels[offset_of(volume.geometry.size, 0, 0, 3)], 100) << "no slice is there: the lowest value";
  const Vec3 step = slice_step_mm(series);
  EXPECT_EQ(step, (Vec3{0, 1, 2}));
}

TEST(Even, AnotherProblemIsNotResampledAway) {
  const TemporaryFolder folder;
  Series series = ramp(folder.path(), {0, 1, 2}, 0);
  series.problem = "several things";
  EXPECT_THROW(load_even(series), Error);
}

}  // namespace
}  // namespace consilium::imaging
