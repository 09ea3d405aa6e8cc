#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/load.h"
#include "tests/support/enhanced_file.h"

namespace consilium::imaging {
namespace {

using test::EnhancedFrame;
using test::write_enhanced;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> first_of_each_slice(const Volume& volume) {
  std::vector<float> values;
  for (std::size_t k = 0; k < volume.geometry.size[2]; ++k) values.push_back(volume.voxels[4 * k]);
  return values;
}

TEST(Enhanced, SortsFramesByPositionAndNotByTheirIndex) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 4, .place = 1}, {.z_mm = 0, .place = 2}, {.z_mm = 2, .place = 3}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 1U);
  const Series& series = study.series[0];
  EXPECT_EQ(series.problem, "");
  EXPECT_EQ(series.geometry.size, (Size3{2, 2, 3}));
  EXPECT_EQ(series.geometry.spacing_mm, (Vec3{0.25, 0.5, 2}));
  EXPECT_EQ(series.geometry.origin_mm, (Vec3{10, 20, 0}));
  EXPECT_THAT(first_of_each_slice(load_series(series)), ElementsAre(10, 20, 0));
}

TEST(Enhanced, AppliesTheScaleOfEachFrame) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 0, .slope = "2", .intercept = "1"}, {.z_mm = 2, .slope = "0.5"}});
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_THAT(load_series(series).voxels, ElementsAre(1, 3, 5, 7, 5, 5.5, 6, 6.5));
  EXPECT_EQ(voxel_format(series.slices).type, VoxelType::kFloat32);
}

TEST(Enhanced, OrdersVolumesByTheDimensionsThatAreNoPlaces) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 0, .time = 2}, {.z_mm = 0, .time = 1}, {.z_mm = 2, .time = 1}, {.z_mm = 2, .time = 2}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_THAT(first_of_each_slice(load_series(study.series[0])), ElementsAre(10, 20));
  EXPECT_THAT(first_of_each_slice(load_series(study.series[1])), ElementsAre(0, 30));
}

TEST(Enhanced, SplitsFramesOfDifferentTypeAndSaysSo) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 0}, {.z_mm = 0, .type = "ORIGINAL\\PRIMARY\\PHASE MAP\\NONE"}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_THAT(study.series[0].part, HasSubstr("image type ORIGINAL/PRIMARY"));
}

TEST(Enhanced, KnowsDiffusion) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.time = 1, .b_value = 0}, {.time = 2, .b_value = 1000}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_EQ(study.series[0].header().b_value, 0);
  EXPECT_EQ(study.series[0].header().gradient, std::nullopt);
  EXPECT_EQ(study.series[1].header().b_value, 1000);
  EXPECT_EQ(study.series[1].header().gradient, (Vec3{0, 1, 0}));
}

TEST(Enhanced, VolumesInFilesOfTheirOwnAreOneSeries) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 0}, {.z_mm = 2}}, EXS_LittleEndianExplicit, "1.2.3.1");
  write_enhanced(folder.path() / "b", {{.z_mm = 4}, {.z_mm = 6}}, EXS_BigEndianExplicit, "1.2.3.2");
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_THAT(first_of_each_slice(load_series(series)), ElementsAre(0, 10, 0, 10));
}

TEST(Enhanced, AFrameWithoutPlaceIsRefusedByItsNumber) {
  const TemporaryFolder folder;
  write_enhanced(folder.path() / "a", {{.z_mm = 0}, {.z_mm = 2}});
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path() / "a").c_str()).good());
  DcmItem* groups = nullptr;
  ASSERT_TRUE(format.getDataset()->findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, groups, 1).good());
  groups->findAndDeleteElement(DCM_PlanePositionSequence);
  ASSERT_TRUE(format.saveFile((folder.path() / "a").c_str(), EXS_LittleEndianExplicit).good());
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.rejected.size(), 1U);
  EXPECT_THAT(study.rejected[0].reason, HasSubstr("missing or wrong, in frame 2"));
}

/// Sequence items of an enhanced image are many, but not nested.
TEST(Enhanced, ManyFramesAreNotTakenForDeepNesting) {
  const TemporaryFolder folder;
  std::vector<EnhancedFrame> frames;
  for (int n = 0; n < 400; ++n) frames.push_back({.z_mm = 2.0 * n});
  for (const E_TransferSyntax encoding : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
    write_enhanced(folder.path() / "a", frames, encoding);
    const Study study = scan_study(folder.path());
    ASSERT_EQ(study.series.size(), 1U) << study.rejected.at(0).reason;
    EXPECT_EQ(study.series[0].geometry.size[2], 400U);
  }
}

}  // namespace
}  // namespace consilium::imaging
