#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "tests/support/dicom_files.h"
#include "tests/support/program.h"
#include "tests/support/shared_data.h"

namespace consilium::imaging {
namespace {

using test::is_absent;
using test::kNeedsShared;
using test::run_program;
using test::shared_path;

/// Debian's dcm2niix on a folder, without compression and sidecar.
Volume by_dcm2niix(const fs::path& folder) {
  const TemporaryFolder out;
  const auto run =
      run_program({"/usr/bin/dcm2niix", "-b", "n", "-z", "n", "-f", "x", "-o", out.path().string(), folder.string()});
  EXPECT_EQ(run.code, 0) << run.out << run.err << " (./dev test installs dcm2niix)";
  return read_nifti(out.path() / "x.nii");
}

Volume by_consilium(const fs::path& folder) {
  const TemporaryFolder out;
  const auto run = run_program({test::consilium_program(), "convert", folder.string(), "-o", out.path().string(), "--name", "x"});
  EXPECT_EQ(run.code, 0) << run.err;
  return read_nifti(out.path() / "x.nii.gz");
}

void expect_same(const fs::path& folder, double tolerance) {
  const Volume ours = orient(by_consilium(folder), "LPS"), theirs = orient(by_dcm2niix(folder), "LPS");
  EXPECT_TRUE(same_grid(ours.geometry, theirs.geometry, 1e-2)) << folder;
  ASSERT_EQ(ours.voxels.size(), theirs.voxels.size());
  double worst = 0, largest = 0;
  for (std::size_t n = 0; n < ours.voxels.size(); ++n) {
    worst = std::max(worst, std::abs(static_cast<double>(ours.voxels[n]) - theirs.voxels[n]));
    largest = std::max(largest, std::abs(static_cast<double>(theirs.voxels[n])));
  }
  EXPECT_LE(worst, tolerance * largest) << folder;
}

TEST(Dcm2niix, ConvertsRealSeriesToTheSameVoxelsAndGrid) {
  const std::string root = "data/petct_mr_sarcoma/STS_008/dicom";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  expect_same(shared_path(root + "/CT/image"), 0);
  expect_same(shared_path(root + "/MR_T1/image"), 1e-6);
  // Each slice of PET has its own slope: dcm2niix rounds them to one.
  expect_same(shared_path(root + "/PET/image"), 1e-4);
}

/// An oblique sagittal block whose instance numbers run against its positions.
TEST(Dcm2niix, AgreesOnAnObliqueBlockInReverseOrder) {
  const TemporaryFolder folder;
  const double c = std::cos(0.3), s = std::sin(0.3);
  for (int n = 0; n < 6; ++n) {
    // Row along y turned about x, column down; the normal is row x column.
    const double step = 1.5 * n;
    const Vec3 normal{-1, 0, 0};
    test::DicomImage image{.number = 6 - n, .rows = 8, .columns = 6};
    image.attributes = {{DCM_ImageOrientationPatient, fmt::format("0\\{}\\{}\\0\\{}\\{}", c, s, s, -c)},
                        {DCM_ImagePositionPatient, fmt::format("{}\\-20\\30", 5 + normal[0] * step)},
                        {DCM_PixelSpacing, "0.75\\0.5"},
                        {DCM_SliceThickness, "1.5"},
                        {DCM_RepetitionTime, "500"},
                        {DCM_EchoTime, "12"}};
    test::write_dicom(folder.path() / std::to_string(n), image);
  }
  expect_same(folder.path(), 0);
}

}  // namespace
}  // namespace consilium::imaging
