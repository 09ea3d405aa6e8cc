#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

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

/// One plane of a GE scan with these directions, b = 0 first.
void write_ge(const fs::path& folder, const std::string& orientation, const std::string& axis, const std::vector<Vec3>& directions) {
  for (std::size_t n = 0; n <= directions.size(); ++n)
    for (int k = 0; k < 3; ++k) {
      test::DicomImage image{.number = static_cast<int>(3 * n) + k + 1, .rows = 8, .columns = 8};
      const bool sagittal = orientation.starts_with("0"), axial = orientation.ends_with("0");
      image.attributes = {{DCM_Manufacturer, "GE MEDICAL SYSTEMS"}, {DCM_ImageOrientationPatient, orientation}, {DCM_ScanningSequence, "EP\\RM"}, {DCM_ScanOptions, "EPI_GEMS"},
                          {DCM_ImagePositionPatient, sagittal ? fmt::format("{}\\0\\0", -3 * k) : axial ? fmt::format("0\\0\\{}", 3 * k) : fmt::format("0\\{}\\0", 3 * k)},
                          {DCM_PixelSpacing, "2\\2"}, {DCM_SliceThickness, "3"}, {DCM_RepetitionTime, "8000"}, {DCM_EchoTime, "80"}, {DCM_PatientPosition, "HFS"},
                          {DCM_InPlanePhaseEncodingDirection, axis}, {DCM_AcquisitionTime, fmt::format("1010{:02}", n)}, {DCM_MRAcquisitionType, "2D"}};
      const fs::path file = folder / fmt::format("{:03}", image.number);
      test::write_dicom(file, image);
      DcmFileFormat format;
      ASSERT_TRUE(format.loadFile(file.c_str()).good());
      DcmItem& item = *format.getDataset();
      item.putAndInsertString(DcmTag(0x0019, 0x0010, EVR_LO), "GEMS_ACQU_01");
      item.putAndInsertString(DcmTag(0x0043, 0x0010, EVR_LO), "GEMS_PARM_01");
      const Vec3 direction = n == 0 ? Vec3{0, 0, 0} : directions[n - 1];
      for (std::size_t a = 0; a < 3; ++a) item.putAndInsertString(DcmTag(0x0019, static_cast<Uint16>(0x10BB + a), EVR_DS), fmt::format("{}", direction[a]).c_str());
      item.putAndInsertString(DcmTag(0x0043, 0x1039, EVR_IS), n == 0 ? "0\\8\\0\\0" : "1000001000\\8\\0\\0");
      ASSERT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good());
    }
}

/// FSL's directions of a folder's x.bvec in the patient (LPS).
std::vector<Vec3> directions_of(const fs::path& folder, const std::string& image) {
  const Matrix3 axes = read_nifti_volume(folder / image, 0).geometry.direction;
  const double determinant = axes[0][0] * (axes[1][1] * axes[2][2] - axes[1][2] * axes[2][1]) - axes[0][1] * (axes[1][0] * axes[2][2] - axes[1][2] * axes[2][0]) +
                             axes[0][2] * (axes[1][0] * axes[2][1] - axes[1][1] * axes[2][0]);
  std::istringstream text(read_file(folder / "x.bvec"));
  std::vector<double> values;
  for (double value; text >> value;) values.push_back(value);
  const std::size_t count = values.size() / 3;
  std::vector<Vec3> directions(count, Vec3{0, 0, 0});
  for (std::size_t n = 0; n < count; ++n)
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) directions[n][r] += axes[r][c] * values[c * count + n] * (c == 0 && determinant > 0 ? -1 : 1);
  return directions;
}

TEST(Dcm2niix, AgreesOnTheDirectionsOfGe) {
  const std::vector<Vec3> given{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.6, -0.8, 0}, {0.48, 0.6, -0.64}, {0.5, 0.3, 0.1}};
  for (const char* orientation : {"1\\0\\0\\0\\1\\0", "1\\0\\0\\0\\0\\-1", "0\\1\\0\\0\\0\\-1"})
    for (const char* axis : {"COL", "ROW"}) {
      const TemporaryFolder folder;
      write_ge(folder.path() / "in", orientation, axis, given);
      make_folder(folder.path() / "theirs");
      const auto peer = run_program({"/usr/bin/dcm2niix", "-b", "n", "-z", "n", "-f", "x", "-o", (folder.path() / "theirs").string(), (folder.path() / "in").string()});
      ASSERT_EQ(peer.code, 0) << peer.out;
      const auto run = run_program({test::consilium_program(), "convert", (folder.path() / "in").string(), "-o", (folder.path() / "ours").string(), "--name", "x"});
      ASSERT_EQ(run.code, 0) << run.err;
      EXPECT_EQ(read_file(folder.path() / "ours/x.bval"), "0 1000 1000 1000 1000 1000 350\n");
      const auto ours = directions_of(folder.path() / "ours", "x.nii.gz"), theirs = directions_of(folder.path() / "theirs", "x.nii");
      ASSERT_EQ(ours.size(), given.size() + 1);
      ASSERT_EQ(theirs.size(), ours.size());
      for (std::size_t n = 0; n < ours.size(); ++n)
        for (std::size_t a = 0; a < 3; ++a) EXPECT_NEAR(ours[n][a], theirs[n][a], 0.02) << orientation << " " << axis << " direction " << n;
    }
}

}  // namespace
}  // namespace consilium::imaging
