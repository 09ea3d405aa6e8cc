#include "imaging/nifti/nifti.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "imaging/nifti/nifti_header.h"
#include "imaging/ops/orient.h"

namespace consilium::imaging {
namespace {

using testing::HasSubstr;

/// An oblique, anisotropic grid with a value that tells its voxel.
Volume oblique_volume() {
  const double a = 0.3;
  Volume v;
  v.geometry = {{5, 4, 3}, {1, 1.2, 3}, {-20.5, 13.25, 7}, {{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}}};
  for (std::size_t n = 0; n < voxel_count(v.geometry); ++n) v.voxels.push_back(static_cast<float>(n) * 0.5F - 7);
  return v;
}

std::string error_text(const std::function<void()>& call, ErrorCode code) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Nifti, AVolumeComesBackAsItWasWritten) {
  const TemporaryFolder folder;
  const Volume written = oblique_volume();
  for (const char* name : {"a.nii", "a.nii.gz"}) {
    write_nifti(folder.path() / name, written);
    const Volume read = read_nifti(folder.path() / name);
    EXPECT_EQ(read.voxels, written.voxels) << name;
    EXPECT_TRUE(same_grid(read.geometry, written.geometry, 1e-4)) << name;
  }
}

TEST(Nifti, QformAndSformAgreeInAllFortyEightOrientations) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.nii";
  const Volume source = oblique_volume();
  int orientations = 0;
  for (const std::string axes : {"LPS", "LSP", "PLS", "PSL", "SLP", "SPL"}) {
    for (int signs = 0; signs < 8; ++signs) {
      std::string code = axes;
      for (int c = 0; c < 3; ++c)
        if ((signs >> c & 1) != 0) code[c] = code[c] == 'L' ? 'R' : code[c] == 'P' ? 'A' : 'I';
      const Volume turned = orient(source, code);
      EXPECT_EQ(orientation_code(turned.geometry), code);
      write_nifti(path, turned);
      std::string bytes = read_file(path);
      bytes[254] = 0;  // sform_code = 0: the qform speaks
      write_file(path, bytes);
      EXPECT_EQ(inspect_nifti(path).transform_source, "qform");
      EXPECT_TRUE(same_grid(read_nifti(path).geometry, turned.geometry, 1e-3)) << code;
      EXPECT_EQ(orient(turned, orientation_code(source.geometry)).voxels, source.voxels) << code;
      ++orientations;
    }
  }
  EXPECT_EQ(orientations, 48);
}

TEST(Nifti, SameVolumeGivesSameBytes) {
  const TemporaryFolder folder;
  write_nifti(folder.path() / "a.nii.gz", oblique_volume());
  write_nifti(folder.path() / "b.nii.gz", oblique_volume());
  EXPECT_EQ(read_file(folder.path() / "a.nii.gz"), read_file(folder.path() / "b.nii.gz"));
}

TEST(Nifti, AHeaderThatPromisesMoreThanTheFileHoldsIsRefusedWithTheFigures) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "cut.nii";
  write_nifti(path, oblique_volume());
  write_file(path, read_file(path).substr(0, 400));
  EXPECT_THAT(error_text([&] { read_nifti(path); }, ErrorCode::kCorruptData), testing::AllOf(HasSubstr("cut.nii"), HasSubstr("240"), HasSubstr("400")));
}

TEST(Nifti, LabelsThatAreNotWholeNumbersAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "image.nii.gz";
  write_nifti(path, oblique_volume());
  EXPECT_THAT(error_text([&] { read_nifti_labels(path); }, ErrorCode::kMismatch), HasSubstr("not a label map"));
}

TEST(Nifti, AnotherExtensionIsAUsageError) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_text([&] { write_nifti(folder.path() / "a.mha", oblique_volume()); }, ErrorCode::kUsage), HasSubstr(".nii.gz"));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Nifti, DamagedBytesGiveAnErrorAndNothingElse) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "fuzz.nii";
  write_nifti(path, oblique_volume());
  const std::string sound = read_file(path);
  Rng rng(11);
  int refused = 0;
  for (int n = 0; n < 4000; ++n) {
    std::string bytes = sound;
    for (std::uint64_t flips = 1 + rng.below(4); flips > 0; --flips) bytes[rng.below(352)] = static_cast<char>(rng.below(256));
    if (rng.chance(0.2)) bytes.resize(rng.below(bytes.size()));
    try {
      const NiftiHeader header = parse_nifti_header(bytes, "fuzz");
      EXPECT_GT(header.bytes_per_voxel, 0U);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace consilium::imaging
