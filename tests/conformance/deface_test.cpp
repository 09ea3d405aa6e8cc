// A real head, whose brain somebody else found; and pixels of a real scanner.
#include <gtest/gtest.h>

#include "imaging/deidentify/deidentify.h"
#include "imaging/dicom/load.h"
#include "imaging/nifti/nifti.h"
#include "imaging/ops/find_face.h"
#include "tests/support/shared_data.h"

namespace consilium {
namespace {

using test::is_absent;
using test::kNeedsShared;
using test::shared_path;

/// Source of the masks: HD-BET (doi:10.1002/hbm.24750), through BraTS Toolkit.
TEST(Deface, LeavesTheBrainOfARealHeadAsItIs) {
  const std::string root = "data/tumour_mri/tcga_fg_6692";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  for (const std::string channel : {"t1", "t1c", "t2", "fla"}) {
    const Volume before = imaging::read_nifti(shared_path(root + "/native/" + channel + ".nii.gz"));
    const Volume brain = imaging::read_nifti(shared_path(root + "/hdbet_mask_native/OtherEXampleFromTCIA_hdbet_mask_native_" + channel + ".nii.gz"));
    ASSERT_TRUE(same_grid(before.geometry, brain.geometry, 1e-2));
    Volume after = before;
    const imaging::FoundFace face = imaging::find_face(before);
    imaging::remove_face(after, face.plane, 0);
    const Vec3& spacing = before.geometry.spacing_mm;
    const double threshold = imaging::head_threshold(before, false);
    double cleared_ml = 0;
    std::size_t brain_voxels = 0;
    for (std::size_t n = 0; n < before.voxels.size(); ++n) {
      if (brain.voxels[n] > 0) {
        ++brain_voxels;
        ASSERT_EQ(after.voxels[n], before.voxels[n]) << channel;
      }
      if (after.voxels[n] != before.voxels[n] && before.voxels[n] > threshold) cleared_ml += spacing[0] * spacing[1] * spacing[2] / 1000;
    }
    EXPECT_GT(brain_voxels, 300000U);
    EXPECT_GT(cleared_ml, 50) << channel << ": of the head";
  }
}

TEST(Deface, ClearsPixelsOfCompressedMosaicsAndNoOthers) {
  const std::string root = "data/dicom/siemens_trio_mosaic_jpeglossless";
  if (is_absent(root)) GTEST_SKIP() << kNeedsShared << root;
  const fs::path file = *imaging::first_dicom_file(shared_path(root));
  const auto series = imaging::scan_files({file}).series.at(0);
  const imaging::FacePlane plane{{0, -1, 0}, 20};
  imaging::FaceToRemove face{imaging::read_dicom_file(file).slices, {}};
  face.planes.assign(face.slices.size(), plane);
  const imaging::Pseudonyms pseudonyms("a secret of twenty bytes");
  const TemporaryFolder folder;
  write_file(folder.path() / "a.dcm", imaging::deidentify_file(file, pseudonyms, {.retain_device = true, .retain_safe_private = true}, &face).bytes);
  // The mosaic's geometry goes with the private attributes: both are read as one frame.
  const auto read = [](const fs::path& path) { return imaging::load_series(imaging::scan_files({path}, imaging::Unplaced::kAssume).series.at(0)); };
  Volume expected = imaging::load_series(series);
  imaging::remove_face(expected, plane, 0);
  std::vector<float> theirs = expected.voxels, ours = read(folder.path() / "a.dcm").voxels;
  std::erase(theirs, 0.0F), std::erase(ours, 0.0F);
  std::sort(theirs.begin(), theirs.end()), std::sort(ours.begin(), ours.end());
  EXPECT_LT(ours.size(), 9 * expected.voxels.size() / 10) << "something was cleared";
  EXPECT_EQ(ours, theirs);
}

}  // namespace
}  // namespace consilium
