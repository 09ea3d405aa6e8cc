#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/settings.h"
#include "imaging/nifti/nifti.h"
#include "tests/support/dicom_files.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::DicomImage;
using test::run_program;
using test::write_dicom;
using testing::HasSubstr;
using testing::Not;

/// What must appear nowhere.
const std::vector<std::string> kIdentity{"Plantedname",      "Firstname", "PID0815",  "19421231",   "20200102",
                                         "Seaside Hospital", "SERIAL77",  "Dr House", "ACCESSION9", "STATION5"};

void expect_no_identity(const std::string& text, const std::string& where) {
  for (const std::string& word : kIdentity) EXPECT_THAT(text, Not(HasSubstr(word))) << where;
}

void write_series(const fs::path& folder, int number, const std::string& description, const char* tr, const char* te,
                  int slices = 3) {
  for (int n = 0; n < slices; ++n) {
    DicomImage image{.series = "1.2.826.0.1.1." + std::to_string(number), .number = n + 1, .z_mm = 2.0 * n};
    image.attributes = {{DCM_SeriesNumber, std::to_string(number)},
                        {DCM_SeriesDescription, description},
                        {DCM_RepetitionTime, tr},
                        {DCM_EchoTime, te},
                        {DCM_ScanningSequence, "SE"},
                        {DCM_Manufacturer, "GE MEDICAL SYSTEMS"},
                        {DCM_PatientName, "Plantedname^Firstname"},
                        {DCM_PatientID, "PID0815"},
                        {DCM_PatientBirthDate, "19421231"},
                        {DCM_StudyDate, "20200102"},
                        {DCM_SeriesDate, "20200102"},
                        {DCM_InstitutionName, "Seaside Hospital"},
                        {DCM_DeviceSerialNumber, "SERIAL77"},
                        {DCM_ReferringPhysicianName, "Dr House"},
                        {DCM_AccessionNumber, "ACCESSION9"},
                        {DCM_StationName, "STATION5"}};
    write_dicom(folder / std::to_string(number) / (std::to_string(n) + ".dcm"), image);
  }
}

TEST(InspectDicom, TellsSeriesClassGeometryAndWhy) {
  const TemporaryFolder folder;
  write_series(folder.path(), 2, "ax t1 Plantedname", "500", "12");
  write_series(folder.path(), 3, "ax t2", "5000", "100", 2);
  write_file(folder.path() / "broken.dcm", read_file(folder.path() / "2" / "0.dcm").substr(0, 300));
  const auto text = run_program({consilium_program(), "inspect", folder.path().string()});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("T1     4 x 3 x 3"));
  EXPECT_THAT(text.out, HasSubstr("0.25 x 0.5 x 2"));
  EXPECT_THAT(text.out, HasSubstr("ax t1 ***"));
  EXPECT_THAT(text.out, HasSubstr("why: Modality MR; TR 5000, TE 100 ms"));
  EXPECT_THAT(text.out, HasSubstr("refused: 1 file (broken.dcm)"));
  expect_no_identity(text.out + text.err, "text");
  const auto json = run_program({consilium_program(), "inspect", "--json", folder.path().string()});
  expect_no_identity(json.out + json.err, "JSON");
  const Json study = parse_json(json.out, "output").at("studies").at(0);
  EXPECT_EQ(study.at("series").at(1).at("class"), "T2");
  EXPECT_EQ(study.at("series").at(1).at("orientation"), "LPS");
  EXPECT_EQ(study.at("rejected").size(), 1U);
}

TEST(InspectDicom, FilesNamedOneByOneAreOneSeries) {
  const TemporaryFolder folder;
  write_series(folder.path(), 2, "t1", "500", "12");
  const fs::path series = folder.path() / "2";
  const auto json = run_program({consilium_program(), "inspect", "--json", (series / "2.dcm").string(),
                                 (series / "0.dcm").string(), (series / "1.dcm").string()});
  EXPECT_EQ(parse_json(json.out, "output").at("studies").at(0).at("series").at(0).at("slices"), 3);
}

TEST(InspectDicom, AFileThatIsNeitherAndADamagedOneHaveTheirExitCodes) {
  const TemporaryFolder folder;
  write_file(folder.path() / "notes.txt", "hello");
  EXPECT_EQ(run_program({consilium_program(), "inspect", (folder.path() / "notes.txt").string()}).code, 5);
  write_series(folder.path(), 2, "t1", "500", "12", 1);
  write_file(folder.path() / "cut.dcm", read_file(folder.path() / "2" / "0.dcm").substr(0, 190));
  EXPECT_EQ(run_program({consilium_program(), "inspect", (folder.path() / "cut.dcm").string()}).code, 4);
}

TEST(ConvertDicom, WritesEverySeriesWithASidecar) {
  const TemporaryFolder folder;
  write_series(folder.path() / "in", 2, "ax t1", "500", "12");
  write_series(folder.path() / "in", 3, "../../ax t2/Plantedname", "5000", "100");
  const fs::path out = folder.path() / "out";
  const auto result =
      run_program({consilium_program(), "convert", (folder.path() / "in").string(), "-o", out.string(), "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
    if (entry.is_regular_file() && entry.path().extension() != ".dcm") {
      names.push_back(fs::relative(entry.path(), folder.path()).string());
      expect_no_identity(names.back() + read_file(entry.path()), names.back());
    }
  std::sort(names.begin(), names.end());
  EXPECT_THAT(names, testing::ElementsAre("out/2_ax_t1.json", "out/2_ax_t1.nii.gz", "out/3_ax_t2.json",
                                          "out/3_ax_t2.nii.gz"));
  expect_no_identity(result.out + result.err, "output");
  const imaging::NiftiSummary summary = imaging::inspect_nifti(out / "2_ax_t1.nii.gz");
  EXPECT_EQ(summary.data_type, "uint16");
  EXPECT_EQ(imaging::read_nifti(out / "2_ax_t1.nii.gz").voxels[0], 100);
  const Json sidecar = read_json(out / "2_ax_t1.json");
  EXPECT_EQ(sidecar.at("RepetitionTime"), 0.5);
  EXPECT_EQ(sidecar.at("Manufacturer"), "GE");
  EXPECT_EQ(sidecar.at("Consilium").at("Channel"), "T1");
}

TEST(ConvertDicom, NamesFollowTheTemplateAndStayApart) {
  const TemporaryFolder folder;
  write_series(folder.path() / "in", 2, "ax t1", "500", "12");
  write_series(folder.path() / "in", 3, "sag t1", "500", "12");
  const auto convert = [&](const std::string& name, const char* out) {
    return run_program(
        {consilium_program(), "convert", (folder.path() / "in").string(), "-o", (folder.path() / out).string(), "--name", name});
  };
  EXPECT_EQ(convert("sub-01_{class}", "a").code, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "a" / "sub-01_T1.nii.gz"));
  EXPECT_TRUE(fs::exists(folder.path() / "a" / "sub-01_T1a.nii.gz"));
  const auto wrong = convert("{klass}", "b");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean {class}"));
  EXPECT_EQ(convert("../../{number}", "c").code, 0);
  EXPECT_FALSE(fs::exists(folder.path() / "2.nii.gz"));
  EXPECT_EQ(convert("sub-01_{class}", "a").code, 7) << "exists";
}

TEST(ConvertDicom, WhatCannotBeConvertedIsToldAndMakesItPartial) {
  const TemporaryFolder folder;
  write_series(folder.path() / "in", 2, "ax t1", "500", "12");
  write_dicom(folder.path() / "in" / "uneven" / "a", {.series = "1.9", .number = 1, .z_mm = 0});
  write_dicom(folder.path() / "in" / "uneven" / "b", {.series = "1.9", .number = 2, .z_mm = 2});
  write_dicom(folder.path() / "in" / "uneven" / "c", {.series = "1.9", .number = 3, .z_mm = 4.7});
  const auto result =
      run_program({consilium_program(), "convert", (folder.path() / "in").string(), "-o", (folder.path() / "out").string()});
  EXPECT_EQ(result.code, 8);
  EXPECT_THAT(result.err, HasSubstr("not evenly spaced: the gaps are (mm) 1 x 2.000, 1 x 2.700"));
  EXPECT_TRUE(fs::exists(folder.path() / "out" / "2_ax_t1.nii.gz"));
}

}  // namespace
}  // namespace consilium
