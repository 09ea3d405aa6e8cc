#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/enhanced_file.h"
#include "tests/support/plain_frames_file.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::DicomImage;
using test::run_program;
using test::write_dicom;
using testing::ElementsAre;
using testing::HasSubstr;

test::Outcome convert(const fs::path& in, const fs::path& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> command{consilium_program(), "convert", in.string(), "-o", out.string()};
  command.insert(command.end(), more.begin(), more.end());
  return run_program(command);
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), folder).string());
  std::sort(files.begin(), files.end());
  return files;
}

/// Slices at the heights, 3 rows and 4 columns.
void write_slices(const fs::path& folder, const std::vector<double>& heights, DicomImage image = {}) {
  for (const double z : heights) {
    image.z_mm = z;
    write_dicom(folder / (image.series + std::to_string(image.number)), image);
    ++image.number;
  }
}

TEST(Convert, VolumesOfOnePlaceBecomeA4dFile) {
  const TemporaryFolder folder;
  test::write_enhanced(folder.path() / "in" / "a", {{.z_mm = 0, .time = 1}, {.z_mm = 0, .time = 2}, {.z_mm = 2, .time = 1}, {.z_mm = 2, .time = 2}});
  const auto result = convert(folder.path() / "in", folder.path() / "out");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(files_in(folder.path() / "out"), ElementsAre("4.json", "4.nii.gz"));
  const auto summary = imaging::inspect_nifti(folder.path() / "out/4.nii.gz");
  EXPECT_EQ(summary.shape, (std::vector<std::int64_t>{2, 2, 2, 2}));
  EXPECT_THAT(imaging::read_nifti_volume(folder.path() / "out/4.nii.gz", 1).voxels, ElementsAre(10, 11, 12, 13, 30, 31, 32, 33));
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "each", {"--name", "t{volume}"}).code, 0);
  EXPECT_THAT(files_in(folder.path() / "each"), ElementsAre("t001.json", "t001.nii.gz", "t002.json", "t002.nii.gz"));
}

TEST(Convert, ScreenshotsAreLeftOutAndFramesWithAPlaceAreWritten) {
  const TemporaryFolder folder;
  test::write_frames(folder.path() / "in" / "stack", {.spacing = "1.5"});
  write_dicom(folder.path() / "in" / "screen", {.sop_class = UID_SecondaryCaptureImageStorage, .series = "1.2.3", .attributes = {{DCM_ImagePositionPatient, ""}}});
  const auto result = convert(folder.path() / "in", folder.path() / "out");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(files_in(folder.path() / "out"), ElementsAre("7.json", "7.nii.gz"));
  EXPECT_EQ(imaging::inspect_nifti(folder.path() / "out/7.nii.gz").shape, (std::vector<std::int64_t>{2, 2, 3}));
  EXPECT_THAT(result.err, HasSubstr("left out   1 file (screen)"));
  EXPECT_THAT(result.err, HasSubstr("a secondary capture without them is a picture, not a slice"));
}

TEST(Convert, DiffusionHasItsValuesAndDirectionsBeside) {
  const TemporaryFolder folder;
  test::write_enhanced(folder.path() / "in" / "a", {{.time = 1, .b_value = 0}, {.time = 2, .b_value = 1000}});
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "out").code, 0);
  EXPECT_EQ(read_file(folder.path() / "out/4.bval"), "0 1000\n");
  EXPECT_EQ(read_file(folder.path() / "out/4.bvec"), "0 0\n0 1\n0 0\n");
}

TEST(Convert, LevelZeroWritesPlainFilesWithTheSameVoxels) {
  const TemporaryFolder folder;
  write_slices(folder.path() / "in", {0, 2, 4});
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "plain", {"--compress", "0"}).code, 0);
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "one", {"--compress", "9", "--threads", "1"}).code, 0);
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "two", {"--compress", "9", "--threads", "2"}).code, 0);
  EXPECT_EQ(imaging::read_nifti(folder.path() / "plain/1.nii"), imaging::read_nifti(folder.path() / "one/1.nii.gz"));
  EXPECT_EQ(read_file(folder.path() / "one/1.nii.gz"), read_file(folder.path() / "two/1.nii.gz"));
}

TEST(Convert, NothingIsReplacedUnasked) {
  const TemporaryFolder folder;
  write_slices(folder.path() / "in", {0, 2});
  write_file(folder.path() / "out/1.json", "mine");
  const auto refused = convert(folder.path() / "in", folder.path() / "out");
  EXPECT_EQ(refused.code, 7);
  EXPECT_THAT(refused.err, HasSubstr("1.json: exists; give --overwrite"));
  EXPECT_THAT(files_in(folder.path() / "out"), ElementsAre("1.json"));
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "out", {"--overwrite"}).code, 0);
}

TEST(Convert, PresetsNameBidsNnunetAndBrats) {
  const TemporaryFolder folder;
  write_slices(folder.path() / "in", {0, 2}, {.attributes = {{DCM_ScanningSequence, "SE"}, {DCM_RepetitionTime, "500"}, {DCM_EchoTime, "12"}}});
  const auto name = [&](const std::string& preset) {
    EXPECT_EQ(convert(folder.path() / "in", folder.path() / preset, {"--name", preset, "--subject", "A7"}).code, 0);
    return files_in(folder.path() / preset).at(1);
  };
  EXPECT_EQ(name("bids"), "sub-A7/ses-1/anat/sub-A7_ses-1_T1w.nii.gz");
  EXPECT_EQ(name("nnunet"), "A7_0000.nii.gz");
  EXPECT_EQ(name("brats"), "A7/A7-t1n.nii.gz");
}

/// A patient's T1 and, perhaps, T2.
void write_patient(const fs::path& folder, const std::string& patient, bool has_t2, const char* sop_class = UID_MRImageStorage) {
  const auto series = [&](const std::string& uid, const char* tr, const char* te) {
    write_slices(folder / patient, {0, 2}, {.sop_class = sop_class, .study = "1.2." + patient, .series = uid + patient, .attributes = {{DCM_PatientID, patient}, {DCM_ScanningSequence, "SE"}, {DCM_RepetitionTime, tr}, {DCM_EchoTime, te}}});
  };
  series("1.2.3.1.", "500", "12");
  if (has_t2) series("1.2.3.2.", "5000", "100");
}

TEST(Convert, NnunetNamesComeWithADatasetJsonThatGrows) {
  const TemporaryFolder folder;
  const fs::path root = folder.path() / "Dataset001_Head";
  write_patient(folder.path() / "in", "7", true);
  write_patient(folder.path() / "in", "8", true);
  const auto first = convert(folder.path() / "in", root / "imagesTr", {"--name", "nnunet"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(fs::exists(root / "imagesTr/02_0002.nii.gz"));
  Json dataset = read_json(root / "dataset.json");
  EXPECT_EQ(dataset, (Json{{"channel_names", {{"0", "T1"}, {"2", "T2"}}}, {"labels", {{"background", 0}}}, {"numTraining", 2}, {"file_ending", ".nii.gz"}}));
  // What somebody wrote into it stays.
  dataset["labels"]["tumour"] = 1;
  write_file(root / "dataset.json", dataset.dump());
  write_patient(folder.path() / "more", "9", false);
  const auto second = convert(folder.path() / "more", root / "imagesTr", {"--name", "nnunet", "--subject", "03"});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("some are missing of 03"));
  const Json grown = read_json(root / "dataset.json");
  EXPECT_EQ(grown["numTraining"], 3);
  EXPECT_EQ(grown["labels"]["tumour"], 1);
  // Test cases are not counted.
  write_patient(folder.path() / "test", "10", true);
  ASSERT_EQ(convert(folder.path() / "test", root / "imagesTs", {"--name", "nnunet", "--subject", "04"}).code, 0);
  EXPECT_EQ(read_json(root / "dataset.json")["numTraining"], 3);
  const auto other = convert(folder.path() / "more", root / "imagesTr", {"--name", "nnunet", "--subject", "05", "--compress", "0"});
  EXPECT_EQ(other.code, 8);
  EXPECT_THAT(other.err, HasSubstr("says .nii.gz for images; these are .nii"));
}

TEST(Convert, NnunetRefusesADatasetWhoseChannelsCollide) {
  const TemporaryFolder folder;
  write_patient(folder.path() / "in", "7", false);
  write_patient(folder.path() / "in", "8", false, UID_CTImageStorage);
  const auto result = convert(folder.path() / "in", folder.path() / "out", {"--name", "nnunet"});
  EXPECT_EQ(result.code, 8);
  EXPECT_THAT(result.err, HasSubstr("channel 0 would be"));
  EXPECT_FALSE(fs::exists(folder.path() / "out/dataset.json"));
  EXPECT_TRUE(fs::exists(folder.path() / "out/01_0000.nii.gz"));
}

TEST(Convert, UnevenSlicesAreRefusedWithTheirGapsAndResampledOnRequest) {
  const TemporaryFolder folder;
  write_slices(folder.path() / "in", {0, 2, 5, 7});
  const auto refused = convert(folder.path() / "in", folder.path() / "out");
  EXPECT_EQ(refused.code, 5);
  EXPECT_THAT(refused.err, HasSubstr("1 x 2.000, 1 x 3.000, 1 x 2.000; --uneven resample"));
  const auto done = convert(folder.path() / "in", folder.path() / "out", {"--uneven", "resample"});
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.err, HasSubstr("resampled  1.nii.gz"));
  EXPECT_EQ(imaging::inspect_nifti(folder.path() / "out/1.nii.gz").shape, (std::vector<std::int64_t>{4, 3, 4}));
}

TEST(Convert, ATiltIsResampledOrKeptAsAShearedSform) {
  const TemporaryFolder folder;
  for (int n = 0; n < 4; ++n)
    write_dicom(folder.path() / "in" / std::to_string(n),
                {.number = n, .rows = 8, .attributes = {{DCM_ImagePositionPatient, "0\\" + std::to_string(n) + "\\" + std::to_string(2 * n)}, {DCM_PixelSpacing, "1\\1"}}});
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "out").code, 0);
  EXPECT_EQ(imaging::inspect_nifti(folder.path() / "out/1.nii.gz").shape, (std::vector<std::int64_t>{4, 11, 4}));
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "shear", {"--tilt", "shear"}).code, 0);
  const auto summary = imaging::inspect_nifti(folder.path() / "shear/1.nii.gz");
  EXPECT_EQ(summary.shape, (std::vector<std::int64_t>{4, 8, 4}));
  EXPECT_EQ(summary.transform_source, "sform");
  EXPECT_GT(summary.shear, 0.1);
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "none", {"--tilt", "refuse"}).code, 5);
}

TEST(Convert, ColoursBecomeRgb) {
  const TemporaryFolder folder;
  write_dicom(folder.path() / "a", {});
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile((folder.path() / "a").c_str()).good());
  DcmItem& item = *format.getDataset();
  test::put(item, DCM_PhotometricInterpretation, "RGB");
  for (const auto& [tag, value] : {std::pair{DCM_SamplesPerPixel, 3}, {DCM_BitsAllocated, 8}, {DCM_BitsStored, 8}, {DCM_HighBit, 7}, {DCM_PlanarConfiguration, 1}})
    item.putAndInsertUint16(tag, static_cast<Uint16>(value));
  std::vector<Uint8> pixels;
  for (int n = 0; n < 36; ++n) pixels.push_back(static_cast<Uint8>(n));
  item.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
  ASSERT_TRUE(format.saveFile((folder.path() / "in").c_str(), EXS_LittleEndianExplicit).good());
  EXPECT_EQ(convert(folder.path() / "in", folder.path() / "out", {"--compress", "0"}).code, 0);
  const std::string bytes = read_file(folder.path() / "out/1.nii");
  EXPECT_EQ(bytes[70], '\x80') << "datatype 128";
  EXPECT_EQ(bytes.substr(352, 6), std::string("\x00\x0c\x18\x01\x0d\x19", 6));
}

TEST(Convert, NrrdAndMetaImageAreReadThroughItk) {
  const TemporaryFolder folder;
  const std::string voxels("\1\0\2\0\3\0\4\0\5\0\6\0", 12);
  write_file(folder.path() / "a.nrrd",
             "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 2 1\nspace directions: (2,0,0) (0,3,0) (0,0,4)\n"
             "endian: little\nencoding: raw\nspace origin: (10,20,30)\n\n" + voxels);
  write_file(folder.path() / "b.mha",
             "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n"
             "Offset = 10 20 30\nElementSpacing = 2 3 4\nDimSize = 3 2 1\nElementType = MET_SHORT\nElementDataFile = LOCAL\n" + voxels);
  for (const char* name : {"a.nrrd", "b.mha"}) {
    const auto result = convert(folder.path() / name, folder.path() / "out");
    ASSERT_EQ(result.code, 0) << result.err;
    const Volume volume = imaging::read_nifti(folder.path() / "out" / (std::string(1, name[0]) + ".nii.gz"));
    EXPECT_EQ(volume.geometry.spacing_mm, (Vec3{2, 3, 4}));
    EXPECT_EQ(volume.geometry.origin_mm, (Vec3{10, 20, 30}));
    EXPECT_THAT(volume.voxels, ElementsAre(1, 2, 3, 4, 5, 6));
  }
  std::string cut = read_file(folder.path() / "a.nrrd");
  cut.replace(cut.find("sizes: 3"), 8, "sizes: 9");
  write_file(folder.path() / "cut.nrrd", cut);
  EXPECT_EQ(convert(folder.path() / "cut.nrrd", folder.path() / "out").code, 4);
}

TEST(Convert, PetBecomesSuvOrNamesWhatIsMissing) {
  const TemporaryFolder folder;
  DicomImage image{.sop_class = UID_PositronEmissionTomographyImageStorage};
  image.attributes = {{DCM_Units, "BQML"}, {DCM_DecayCorrection, "START"}, {DCM_CorrectedImage, "ATTN\\DECY"}};
  write_slices(folder.path() / "in", {0, 2}, image);
  const auto refused = convert(folder.path() / "in", folder.path() / "out", {"--suv", "bw"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_THAT(refused.err, HasSubstr("Patient's Weight (0010,1030) is missing"));
}

}  // namespace
}  // namespace consilium
