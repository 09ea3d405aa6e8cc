#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/classify.h"
#include "imaging/dicom/load.h"
#include "tests/support/plain_frames_file.h"

namespace consilium::imaging {
namespace {

using test::write_frames;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refused(const fs::path& folder) {
  const Study study = scan_study(folder);
  EXPECT_THAT(study.series, IsEmpty());
  return study.rejected.empty() ? "" : study.rejected[0].reason;
}

std::vector<float> first_of_each_slice(const Volume& volume) {
  std::vector<float> values;
  for (std::size_t k = 0; k < volume.geometry.size[2]; ++k) values.push_back(volume.voxels[4 * k]);
  return values;
}

TEST(PlainFrames, AStackIsPlacedByItsFirstFrameAndSpacing) {
  for (const char* sop_class : {UID_MultiframeGrayscaleWordSecondaryCaptureImageStorage, UID_XRayAngiographicImageStorage, UID_CTImageStorage}) {
    const TemporaryFolder folder;
    write_frames(folder.path() / "a", {.sop_class = sop_class, .spacing = "1.5"});
    const Study study = scan_study(folder.path());
    ASSERT_EQ(study.series.size(), 1U) << sop_class << study.rejected.at(0).reason;
    const Series& series = study.series[0];
    EXPECT_EQ(series.problem, "");
    // Rows run to the left, columns to the back: the normal points to the feet.
    EXPECT_EQ(series.geometry, (Geometry{{2, 2, 3}, {0.25, 0.5, 1.5}, {10, 20, 30}, Matrix3{{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}}));
    EXPECT_THAT(first_of_each_slice(load_series(series)), ElementsAre(0, 10, 20));
  }
}

TEST(PlainFrames, FramesInTimeAreVolumesOfOnePlace) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_MRImageStorage, .increments = {DCM_FrameTime}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 3U);
  EXPECT_EQ(volumes_from(study, 0), 3U);
  EXPECT_EQ(study.series[2].geometry.size, (Size3{2, 2, 1}));
  EXPECT_THAT(first_of_each_slice(load_series(study.series[2])), ElementsAre(20));
}

TEST(PlainFrames, WhatDoesNotTellTheDistanceIsRefused) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_CTImageStorage});
  EXPECT_THAT(refused(folder.path()), HasSubstr("3 frames, and no Spacing Between Slices (0018,0088)"));
  write_frames(folder.path() / "a", {.sop_class = UID_CTImageStorage, .spacing = "-2"});
  EXPECT_THAT(refused(folder.path()), HasSubstr("is negative: nothing tells to which side"));
  write_frames(folder.path() / "a", {.spacing = "2", .increments = {DCM_SliceLocationVector}, .indices = {{DCM_SliceLocationVector, "0\\2\\5"}}});
  EXPECT_THAT(refused(folder.path()), HasSubstr("Slice Location Vector (0018,2005) contradicts Spacing Between Slices (0018,0088) at frame 3"));
  write_frames(folder.path() / "a", {.spacing = "2", .increments = {DCM_SliceLocationVector}, .indices = {{DCM_SliceLocationVector, "0\\2\\4"}}});
  EXPECT_EQ(scan_study(folder.path()).series.size(), 1U);
}

TEST(PlainFrames, MoreFramesThanTheFileHasBytesForAreRefused) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.spacing = "2", .attributes = {{DCM_NumberOfFrames, "1010"}}});
  EXPECT_THAT(refused(folder.path()), HasSubstr("Number of Frames (0028,0008) is 1010 in a file of"));
}

TEST(PlainFrames, ScreenshotsAreLeftOutWithTheReason) {
  for (const int frames : {1, 3}) {
    const TemporaryFolder folder;
    write_frames(folder.path() / "a", {.sop_class = frames == 1 ? UID_SecondaryCaptureImageStorage : UID_MultiframeGrayscaleWordSecondaryCaptureImageStorage,
                                       .frames = frames,
                                       .is_placed = false});
    EXPECT_THAT(refused(folder.path()), HasSubstr("a secondary capture without them is a picture, not a slice"));
    EXPECT_FALSE(scan_study(folder.path()).rejected.at(0).holds_image);
    EXPECT_EQ(scan_study(folder.path(), Unplaced::kAssume).series.at(0).geometry.size[2], static_cast<std::size_t>(frames));
  }
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_XRayAngiographicImageStorage, .increments = {DCM_FrameTime}, .is_placed = false});
  EXPECT_THAT(refused(folder.path()), HasSubstr("an X-ray projection has no place in the patient"));
}

/// Workstations write maps that they made of a scan as captures: they lie in the patient, but are no T1.
TEST(PlainFrames, ACaptureWithAPlaceIsConvertedButNeverChosenForAChannel) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_SecondaryCaptureImageStorage, .frames = 1, .attributes = {{DCM_Modality, "CT"}}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 1U);
  EXPECT_EQ(classify(study.series[0]).channel, "");
}

TEST(PlainFrames, TheSignOfTheSpacingOrdersNuclearMedicine) {
  for (const double sign : {1.0, -1.0}) {
    const TemporaryFolder folder;
    write_frames(folder.path() / "a", {.sop_class = UID_NuclearMedicineImageStorage,
                                       .spacing = sign > 0 ? "4" : "-4",
                                       .increments = {DCM_SliceVector},
                                       .indices = {{DCM_SliceVector, "1\\3\\2"}},
                                       .in_detector = true,
                                       .image_type = "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION"});
    const Study study = scan_study(folder.path());
    ASSERT_EQ(study.series.size(), 1U) << study.rejected.at(0).reason;
    const Series& series = study.series[0];
    EXPECT_EQ(series.geometry.spacing_mm[2], 4);
    // The normal points to the feet; a negative spacing stacks against it.
    EXPECT_EQ(series.geometry.origin_mm[2], sign > 0 ? 30 : 38);
    EXPECT_EQ(series.geometry.direction[2][2], -1);
    EXPECT_EQ(first_of_each_slice(load_series(series)), sign > 0 ? (std::vector<float>{0, 20, 10}) : (std::vector<float>{10, 20, 0}));
  }
}

TEST(PlainFrames, BeatsOfAHeartAreVolumes) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_NuclearMedicineImageStorage,
                                     .frames = 4,
                                     .spacing = "4",
                                     .increments = {DCM_TimeSlotVector, DCM_SliceVector},
                                     .indices = {{DCM_SliceVector, "1\\2\\1\\2"}, {DCM_TimeSlotVector, "2\\2\\1\\1"}},
                                     .in_detector = true,
                                     .image_type = "ORIGINAL\\PRIMARY\\RECON GATED TOMO\\EMISSION"});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_THAT(first_of_each_slice(load_series(study.series[0])), ElementsAre(20, 30));
  EXPECT_THAT(first_of_each_slice(load_series(study.series[1])), ElementsAre(0, 10));
}

TEST(PlainFrames, ProjectionsOfNuclearMedicineAreNoSlices) {
  const TemporaryFolder folder;
  write_frames(folder.path() / "a", {.sop_class = UID_NuclearMedicineImageStorage, .increments = {DCM_DetectorVector}, .indices = {{DCM_DetectorVector, "1\\1\\1"}}, .in_detector = true, .image_type = "ORIGINAL\\PRIMARY\\WHOLE BODY\\EMISSION"});
  EXPECT_THAT(refused(folder.path()), HasSubstr("projections of nuclear medicine (Image Type (0008,0008) is WHOLE BODY), not slices"));
  EXPECT_FALSE(scan_study(folder.path()).rejected.at(0).holds_image);
  write_frames(folder.path() / "a", {.sop_class = UID_NuclearMedicineImageStorage, .increments = {DCM_SliceVector}, .indices = {{DCM_SliceVector, "1\\2"}}, .in_detector = true, .image_type = "ORIGINAL\\PRIMARY\\RECON TOMO\\EMISSION"});
  EXPECT_THAT(refused(folder.path()), HasSubstr("Slice Vector (0054,0080) has 2 values for 3 frames"));
  EXPECT_TRUE(scan_study(folder.path()).rejected.at(0).holds_image);
}

}  // namespace
}  // namespace consilium::imaging
