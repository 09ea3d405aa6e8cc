#include "imaging/dicom/read_value_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/load.h"
#include "tests/support/value_table_file.h"

namespace consilium::imaging {
namespace {

using test::write_looked_up;
using testing::ElementsAre;
using testing::HasSubstr;

Study study_of(const test::LookUp& table, E_TransferSyntax encoding = EXS_LittleEndianExplicit) {
  static const TemporaryFolder folder;
  write_looked_up(folder.path() / "a", table, encoding);
  return scan_files({folder.path() / "a"});
}

TEST(ValueTables, ValuesBesideTheTableTakeItsEnds) {
  const Series series = study_of({.first = -2, .entries = {500, 7, 60000}, .is_signed = true}).series.at(0);
  EXPECT_THAT(load_series(series).voxels, ElementsAre(500, 500, 500, 7, 60000, 60000, 60000, 60000, 60000, 60000, 60000, 60000));
  EXPECT_EQ(voxel_format(series.slices).type, VoxelType::kUint16);
}

TEST(ValueTables, ImplicitFilesHaveASignedFirstValueWhereTheirPixelsAreSigned) {
  const Series series = study_of({.first = -2, .entries = {500, 7}, .is_signed = true}, EXS_LittleEndianImplicit).series.at(0);
  EXPECT_EQ(series.header().tables.modality->first, -2);
}

TEST(ValueTables, EntriesOf8BitsMayBePacked) {
  for (const bool packed : {false, true}) {
    const Series series = study_of({.first = 0, .bits = 8, .entries = {200, 250, 7, 6, 5}, .is_packed = packed}).series.at(0);
    EXPECT_THAT(load_series(series).voxels, ElementsAre(200, 250, 7, 6, 5, 5, 5, 5, 5, 5, 5, 5)) << packed;
    EXPECT_EQ(voxel_format(series.slices).type, VoxelType::kUint8);
  }
}

TEST(ValueTables, ATableTakesThePlaceOfTheScale) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a";
  test::change(file, false, EXS_LittleEndianExplicit, [](DcmDataset& item) {
    DcmItem* sequence = nullptr;
    item.findOrCreateSequenceItem(DCM_ModalityLUTSequence, sequence, 0);
    test::put_table(*sequence, DCM_LUTDescriptor, DCM_LUTData, {.entries = {4, 2}});
    test::put(item, DCM_RescaleSlope, "10");
  });
  EXPECT_EQ(load_series(scan_files({file}).series.at(0)).voxels[1], 2);
}

TEST(ValueTables, TablesThatAreNotWholeAreRefused) {
  EXPECT_THAT(study_of({.bits = 32, .entries = {1}}).rejected.at(0).reason, HasSubstr("Modality LUT (0028,3000) has entries of 32 bits"));
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a";
  test::change(file, false, EXS_LittleEndianExplicit, [](DcmDataset& item) {
    DcmItem* sequence = nullptr;
    item.findOrCreateSequenceItem(DCM_ModalityLUTSequence, sequence, 0);
    const Uint16 descriptor[] = {0, 0, 16};  // 65536 entries
    sequence->putAndInsertUint16Array(DCM_LUTDescriptor, descriptor, 3);
    sequence->putAndInsertUint16Array(DCM_LUTData, descriptor, 3);
  });
  EXPECT_THAT(scan_files({file}).rejected.at(0).reason, HasSubstr("holds 3 of 65536 entries"));
  test::change(file, false, EXS_LittleEndianExplicit, [](DcmDataset& item) { test::put(item, DCM_PhotometricInterpretation, "PALETTE COLOR"); });
  EXPECT_THAT(scan_files({file}).rejected.at(0).reason, HasSubstr("the red palette (0028,1201) has no descriptor"));
}

TEST(ValueTables, PalettesBecomeColours) {
  const TemporaryFolder folder;
  test::write_palette(folder.path() / "a", {.first = 2, .entries = {0x1200, 0xFFFF, 0x80FF}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 1U);
  const auto format = voxel_format(study.series[0].slices);
  EXPECT_EQ(format.type, VoxelType::kRgb24);
  std::vector<char> colours(36);
  load_planes(study.series[0].slices, format, colours);
  EXPECT_EQ(std::string(colours.data() + 6, 9), (std::string{"\x12\x80\x12\xFF\xFF\xFF\x80\x12\x80"}));
  EXPECT_THROW(load_series(study.series[0]), Error);
}

}  // namespace
}  // namespace consilium::imaging
