#include "imaging/dicom/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/dicom_files.h"

namespace consilium::imaging {
namespace {

using test::DicomImage;
using test::write_dicom;
using testing::HasSubstr;

Volume load_folder(const fs::path& folder) { return load_series(scan_study(folder).series.at(0)); }

ErrorCode code_of_loading(const fs::path& folder, std::string& message) {
  try {
    load_folder(folder);
  } catch (const Error& error) {
    message = error.what();
    return error.code();
  }
  return ErrorCode::kUnexpected;
}

TEST(LoadSeries, AppliesEachSlicesOwnSlopeAndIntercept) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a",
              {.sop_class = UID_PositronEmissionTomographyImageStorage,
               .number = 1,
               .attributes = {{DCM_RescaleSlope, "0.5"}, {DCM_RescaleIntercept, "-3"}, {DCM_Units, "BQML"}}});
  write_dicom(folder.path() / "b",
              {.sop_class = UID_PositronEmissionTomographyImageStorage,
               .number = 2,
               .z_mm = 3,
               .attributes = {{DCM_RescaleSlope, "0.25"}, {DCM_RescaleIntercept, "0"}, {DCM_Units, "BQML"}}});
  EXPECT_EQ(scan_study(folder.path()).series.at(0).header().units, "BQML");
  const Volume volume = load_folder(folder.path());
  EXPECT_EQ(volume.voxels[0], 0.5F * 100 - 3);
  EXPECT_EQ(volume.voxels[11], 0.5F * 111 - 3);
  EXPECT_EQ(volume.voxels[12], 0.25F * 200);
}

TEST(LoadSeries, TakesTheStoredBitsAndTheirSign) {
  const TemporaryFolder folder;
  // Twelve bits of sixteen; an overlay in the highest bit must not count.
  write_dicom(folder.path() / "a", {.columns = 4,
                                    .pixels = {0x0001, 0x0fff, 0x0800, 0x8001, 0x07ff, 0xf800, 0, 0, 0, 0, 0, 0},
                                    .attributes = {{DCM_BitsStored, "12"}, {DCM_HighBit, "11"}, {DCM_PixelRepresentation, "1"}}});
  const Volume volume = load_folder(folder.path());
  EXPECT_THAT(std::vector<float>(volume.voxels.begin(), volume.voxels.begin() + 6),
              testing::ElementsAre(1, -1, -2048, 1, 2047, -2048));
}

TEST(LoadSeries, ReadsPixelsThatStandHigherInTheirWord) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a",
              {.pixels = std::vector<Uint16>(12, 0xabc7), .attributes = {{DCM_BitsStored, "12"}, {DCM_HighBit, "15"}}});
  EXPECT_EQ(load_folder(folder.path()).voxels[0], 0xabc);
}

TEST(LoadSeries, PixelsThatAreTooFewAreDamage) {
  const TemporaryFolder folder;
  DicomImage image;
  image.pixels.assign(10, 1);  // 12 are promised
  write_dicom(folder.path() / "a", image);
  std::string message;
  EXPECT_EQ(code_of_loading(folder.path(), message), ErrorCode::kCorruptData);
  EXPECT_THAT(message, HasSubstr("holds 10 of 12 pixels"));
}

TEST(LoadSeries, AHeaderThatClaimsMorePixelsThanTheFileHasTakesNoMemory) {
  const TemporaryFolder folder;
  DicomImage image;
  image.pixels.assign(12, 1);
  image.rows = image.columns = 65535;
  write_dicom(folder.path() / "a", image);
  std::string message;
  EXPECT_EQ(code_of_loading(folder.path(), message), ErrorCode::kCorruptData);
  EXPECT_THAT(message, HasSubstr("too short"));
}

TEST(LoadSeries, AFileThatChangedSinceTheScanIsAMismatch) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a", {});
  const Series series = scan_study(folder.path()).series.at(0);
  write_dicom(folder.path() / "a", {.number = 7});
  try {
    load_series(series);
    FAIL() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
  }
}

}  // namespace
}  // namespace consilium::imaging
