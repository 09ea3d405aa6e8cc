#include "imaging/dicom/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/load.h"
#include "tests/support/dicom_files.h"

namespace consilium::imaging {
namespace {

using test::DicomImage;
using test::write_dicom;
using testing::HasSubstr;

/// Slices of one series at these heights, in this order of instance numbers.
void write_slices(const fs::path& folder, const std::vector<double>& heights_mm, DicomImage image = {}) {
  for (std::size_t n = 0; n < heights_mm.size(); ++n) {
    image.number = static_cast<int>(n) + 1;
    image.z_mm = heights_mm[n];
    write_dicom(folder / (std::to_string(n) + ".dcm"), image);
  }
}

TEST(ScanStudy, OrdersSlicesByPositionAndNotByInstanceNumber) {
  const TemporaryFolder folder;
  write_slices(folder.path(), {6, 2, 4, 0});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 1U);
  const Series& series = study.series[0];
  EXPECT_EQ(series.problem, "");
  std::vector<int> numbers;
  for (const DicomHeader& slice : series.slices) numbers.push_back(slice.instance_number);
  EXPECT_EQ(numbers, (std::vector<int>{4, 2, 3, 1}));
  EXPECT_EQ(series.geometry, (Geometry{{4, 3, 4}, {0.25, 0.5, 2}, {10, 20, 0}, kIdentity3}));
}

TEST(ScanStudy, AFlippedNormalStillGivesARightHandedGrid) {
  const TemporaryFolder folder;
  write_slices(folder.path(), {0, 2, 4}, {.attributes = {{DCM_ImageOrientationPatient, "1\\0\\0\\0\\-1\\0"}}});
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.geometry.origin_mm, (Vec3{10, 20, 4}));
  EXPECT_EQ(series.geometry.direction, (Matrix3{{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}));
}

TEST(ScanStudy, ListsTheGapsOfUnevenSlices) {
  const TemporaryFolder folder;
  write_slices(folder.path(), {0, 2, 4, 6.5, 9});
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.problem, "slices are not evenly spaced: the gaps are (mm) 2 x 2.000, 2 x 2.500");
  try {
    load_series(series);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
    EXPECT_THAT(error.what(), HasSubstr("2 x 2.000, 2 x 2.500"));
  }
}

TEST(ScanStudy, CountsMissingSlices) {
  const TemporaryFolder folder;
  write_slices(folder.path(), {0, 2, 8, 10});
  EXPECT_EQ(scan_study(folder.path()).series.at(0).problem,
            "2 slices are missing: the gaps are (mm) 1 x 2.000, 1 x 6.000, 1 x 2.000");
}

TEST(ScanStudy, NoticesSlicesThatAreSheared) {
  const TemporaryFolder folder;
  for (int n = 0; n < 4; ++n)
    write_dicom(folder.path() / std::to_string(n),
                {.number = n,
                 .attributes = {{DCM_ImagePositionPatient, "0\\" + std::to_string(0.5 * n) + "\\" + std::to_string(2 * n)}}});
  EXPECT_THAT(scan_study(folder.path()).series.at(0).problem, HasSubstr("sheared by 14.04 degrees (gantry tilt)"));
}

TEST(ScanStudy, SplitsImagesAtOnePositionIntoVolumesByTime) {
  const TemporaryFolder folder;
  int number = 0;
  for (const int time : {2, 1})
    for (const double z : {0.0, 2.0, 4.0})
      write_dicom(folder.path() / std::to_string(number),
                  {.number = ++number, .z_mm = z, .attributes = {{DCM_TemporalPositionIdentifier, std::to_string(time)}}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_EQ(study.series[0].volume, 1);
  EXPECT_EQ(study.series[0].header().instance_number, 4) << "the first time was written last";
  EXPECT_EQ(study.series[1].header().instance_number, 1);
  EXPECT_EQ(load_series(study.series[0]).voxels[0], 400);
}

TEST(ScanStudy, KeepsTheWholeVolumesOfATimeSeriesThatWasStopped) {
  const TemporaryFolder folder;
  int number = 0;
  const auto write = [&](double z) {
    ++number;
    write_dicom(folder.path() / std::to_string(number), {.number = number, .z_mm = z});
  };
  for (int time = 0; time < 3; ++time)
    for (const double z : {0.0, 2.0, 4.0})
      if (time < 2 || z < 4) write(z);
  Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 3U);
  EXPECT_EQ(volumes_from(study, 0), 2U) << "what is left of the third is by itself";
  EXPECT_EQ(study.series[0].problem, "");
  EXPECT_EQ(study.series[1].slices.size(), 3U);
  EXPECT_EQ(study.series[2].problem, "the last volume is not whole: 2 of 3 slices are there; it was stopped, or did not arrive");
  EXPECT_EQ(study.series[2].volume, 3);
  // An image that is missing in the middle shifts all later ones of its place: nothing tells which is whose.
  fs::remove(folder.path() / "6");
  write(4);
  EXPECT_THAT(scan_study(folder.path()).series.at(0).problem, HasSubstr("slices are missing"));
}

TEST(ScanStudy, RefusesPositionsThatHoldDifferentNumbersOfImages) {
  const TemporaryFolder folder;
  write_slices(folder.path(), {0, 2, 2, 4});
  EXPECT_EQ(
      scan_study(folder.path()).series.at(0).problem,
      "slices are missing, or several acquisitions share one series (images: 2 of 3 positions hold 1, 1 of 3 positions hold 2)");
}

TEST(ScanStudy, SplitsOneSeriesUidThatHoldsSeveralBlocksAndSaysHowTheyDiffer) {
  const TemporaryFolder folder;
  write_slices(folder.path() / "first", {0, 2}, {.attributes = {{DCM_EchoTime, "20"}}});
  DicomImage second{.number = 10, .attributes = {{DCM_EchoTime, "80"}}};
  write_dicom(folder.path() / "second" / "1", second);
  DicomImage localizer{.number = 11, .attributes = {{DCM_EchoTime, "20"}, {DCM_ImageOrientationPatient, "0\\1\\0\\0\\0\\-1"}}};
  write_dicom(folder.path() / "third" / "1", localizer);
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 3U);
  EXPECT_EQ(study.series[0].part, "another orientation");
  EXPECT_EQ(study.series[1].part, "echo time 20 ms");
  EXPECT_EQ(study.series[1].slices.size(), 2U);
  EXPECT_EQ(study.series[2].part, "echo time 80 ms");
}

TEST(ScanStudy, RefusesWithAReasonAndCountsWhatIsNotDicom) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a.dcm", {});
  write_dicom(folder.path() / "b.dcm", {});  // the same SOP Instance UID
  write_dicom(folder.path() / "c.dcm", {.sop_class = UID_EnhancedMRImageStorage, .number = 3});
  write_dicom(folder.path() / "d.dcm", {.number = 4, .attributes = {{DCM_ImagePositionPatient, ""}}});
  write_file(folder.path() / "e.dcm", read_file(folder.path() / "a.dcm").substr(0, 400));
  write_file(folder.path() / "notes.txt", "not an image");
  const Study study = scan_study(folder.path());
  EXPECT_EQ(study.series.size(), 1U);
  EXPECT_EQ(study.other_files, 1U);
  std::vector<std::string> reasons;
  for (const RejectedFile& file : study.rejected) reasons.push_back(file.file.filename().string() + ": " + file.reason);
  EXPECT_THAT(reasons,
              testing::ElementsAre("b.dcm: another file holds the same image (SOP Instance UID)",
                                   "c.dcm: 1 frames, but functional groups (5200,9230) of 0",
                                   HasSubstr("d.dcm: Image Position (0020,0032)"), "e.dcm: the file ends before its pixels"));
}

TEST(ScanStudy, ALoopOfLinksEnds) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "series" / "a.dcm", {});
  fs::create_directory_symlink(folder.path(), folder.path() / "series" / "loop");
  EXPECT_EQ(scan_study(folder.path()).series.size(), 1U);
}

TEST(ScanStudy, AMissingFolderIsNotFound) {
  try {
    scan_study("/no/such/folder");
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

/// DCMTK alone would follow the nesting until the stack ends.
TEST(ScanStudy, NestingThatWouldExhaustTheStackIsRefused) {
  const TemporaryFolder folder;
  const std::string level("\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff", 20);
  std::string nested;
  for (int n = 0; n < 100000; ++n) nested += level;
  write_dicom(folder.path() / "a", {});
  std::string bytes = read_file(folder.path() / "a");
  // Behind the pixels nothing is parsed.
  write_file(folder.path() / "behind", bytes + nested);
  bytes.insert(bytes.find(std::string("\x08\x00\x60\x00" "CS", 6)), nested);
  write_file(folder.path() / "a", bytes);
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.rejected.size(), 1U);
  EXPECT_EQ(study.rejected[0].reason, "sequences may be nested more than 500 deep");
  ASSERT_EQ(study.series.size(), 1U);
  EXPECT_EQ(load_series(study.series[0]).voxels[0], 100);
}

TEST(ScanStudy, AFileWithoutPreambleAndMetaHeaderIsRead) {
  const TemporaryFolder folder;
  for (const E_TransferSyntax encoding : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
    write_dicom(folder.path() / "whole", {.encoding = encoding});
    const std::string bytes = read_file(folder.path() / "whole");
    // The group length stands at a fixed place, and tells where the data set begins.
    const std::size_t start = 144 + static_cast<unsigned char>(bytes[140]) + 256U * static_cast<unsigned char>(bytes[141]);
    write_file(folder.path() / "bare", bytes.substr(start));
    const Study study = scan_study(folder.path() / "bare");
    ASSERT_EQ(study.series.size(), 1U) << encoding;
    EXPECT_EQ(load_series(study.series[0]).voxels[5], 105) << encoding;
  }
}

TEST(ScanStudy, TextOfEveryCharacterSetBecomesUtf8) {
  const TemporaryFolder folder;
  const auto description = [&](const std::string& set, const std::string& text) {
    write_dicom(folder.path() / "a", {.attributes = {{DCM_SpecificCharacterSet, set}, {DCM_SeriesDescription, text}}});
    return scan_study(folder.path()).series.at(0).header().series_description;
  };
  EXPECT_EQ(description("ISO_IR 100", "T1 Sch\xe4" "del"), "T1 Schädel");
  EXPECT_EQ(description("ISO_IR 144", "\xbc\xbe\xb7\xb3"), "МОЗГ");
  EXPECT_EQ(description("ISO_IR 192", "Schädel"), "Schädel");
  EXPECT_EQ(description("\\ISO 2022 IR 87", "\x1b$B;3ED\x1b(B"), "山田");
  EXPECT_EQ(description("\\ISO 2022 IR 149", "\x1b$)C\xb1\xe8"), "김");
}

/// Some archives name an encoding in the meta header that the data set does not have.
TEST(ScanStudy, ADataSetThatContradictsItsTransferSyntaxIsRead) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a", {.encoding = EXS_LittleEndianImplicit});
  std::string bytes = read_file(folder.path() / "a");
  const std::string implicit("1.2.840.10008.1.2\0", 18), big("1.2.840.10008.1.2.2", 19);
  const std::size_t at = bytes.find(implicit, 144);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 13] = '1', bytes[at + 16] = '9';
  write_file(folder.path() / "a", bytes);
  ASSERT_EQ(scan_study(folder.path()).series.size(), 1U);
}

}  // namespace
}  // namespace consilium::imaging
