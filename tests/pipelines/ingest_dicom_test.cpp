#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/nifti/nifti.h"
#include "pipelines/choose_series.h"
#include "pipelines/ingest.h"
#include "tests/support/dicom_files.h"

namespace consilium::pipelines {
namespace {

using test::DicomImage;
using test::write_dicom;
using testing::ElementsAre;
using testing::HasSubstr;

struct Protocol {
  int number;
  const char* description;
  const char* tr_ms;
  const char* te_ms;
  const char* ti_ms = "";
  const char* agent = "";
  int slices = 3;
  std::string study = "1.2.826.0.1.1";
};

void write_series(const fs::path& folder, const Protocol& p) {
  for (int n = 0; n < p.slices; ++n) {
    DicomImage image{.study = p.study, .series = p.study + ".1." + std::to_string(p.number), .number = n + 1, .z_mm = 2.0 * n};
    image.attributes = {{DCM_SeriesNumber, std::to_string(p.number)},
                        {DCM_SeriesDescription, p.description},
                        {DCM_RepetitionTime, p.tr_ms},
                        {DCM_EchoTime, p.te_ms},
                        {DCM_InversionTime, p.ti_ms},
                        {DCM_ContrastBolusAgent, p.agent},
                        {DCM_ScanningSequence, "SE"},
                        {DCM_PatientID, "X1"}};
    write_dicom(folder / std::to_string(p.number) / (std::to_string(n) + ".dcm"), image);
  }
}

const Protocol kT1{2, "t1_se_tra", "500", "12"}, kT1ce{3, "t1_se_tra", "500", "12", "", "Gadovist"},
    kT2{4, "t2_tse", "5000", "100"}, kFlair{5, "tirm", "9000", "120", "2500"};

std::string message_of(const std::function<void()>& body, ErrorCode expected) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

const imaging::LabelScheme& scheme() { return imaging::label_scheme("brats2023"); }

TEST(IngestDicom, ChoosesASeriesPerChannelFromTheDicomFolder) {
  const TemporaryFolder site;
  for (const Protocol& p : {kT1, kT1ce, kT2, kFlair}) write_series(site.path() / "train" / "case1" / "dicom", p);
  LabelMap labels{{{2, 2, 2}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::vector<Label>(8, 1)};
  imaging::write_nifti(site.path() / "train" / "case1" / "case1-seg.nii.gz", labels);
  const auto cases = find_cases(site.path());
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_EQ(cases[0].split, "train");
  const Case loaded = load_case(cases[0], {"T1", "T1ce", "T2", "FLAIR"}, scheme());
  EXPECT_EQ(loaded.images.size(), 4U);
  EXPECT_TRUE(loaded.labels.has_value());
  EXPECT_THAT(loaded.evidence.at("T1ce"), HasSubstr("series 3"));
  EXPECT_THAT(loaded.evidence.at("T1"), HasSubstr("series 2"));
  EXPECT_EQ(loaded.images.at("FLAIR").geometry.size, (Size3{4, 3, 3}));
}

TEST(IngestDicom, PrefersMoreSlicesThenTheLowerNumberAndNeverALocalizer) {
  const TemporaryFolder site;
  Protocol more = kT1, same = kT1;
  more.number = 7, more.slices = 5;
  same.number = 9, same.slices = 5;
  for (const Protocol& p : {kT1, more, same}) write_series(site.path() / "p" / "dicom", p);
  const Case loaded = load_case(find_cases(site.path()).at(0), {"T1"}, scheme());
  EXPECT_THAT(loaded.evidence.at("T1"), HasSubstr("series 7"));
}

TEST(IngestDicom, NamesTheCaseTheMissingChannelAndWhatIsThere) {
  const TemporaryFolder site;
  write_series(site.path() / "case9" / "dicom", kT2);
  const std::string message = message_of(
      [&] {
        load_case(find_cases(site.path()).at(0), {"T2", "FLAIR"}, scheme());
      },
      ErrorCode::kNotFound);
  EXPECT_THAT(message, HasSubstr("case case9: no FLAIR series; found: series 4 \"t2_tse\": T2, 3 slices"));
}

TEST(IngestDicom, FindsAnArchiveOfOneFolderPerPatient) {
  const TemporaryFolder site;
  for (const char* patient : {"p1", "p2"}) {
    Protocol t2 = kT2;
    t2.study += patient[1];
    write_series(site.path() / patient / "2020" / "head", t2);
  }
  std::vector<std::string> names;
  for (const CasePaths& found : find_cases(site.path())) names.push_back(found.name);
  EXPECT_THAT(names, ElementsAre("p1", "p2"));
  EXPECT_EQ(load_case(find_cases(site.path()).at(1), {"T2"}, scheme()).images.size(), 1U);
}

TEST(IngestDicom, AFolderOfSeriesOfOneExaminationIsOneCase) {
  const TemporaryFolder site;
  for (const Protocol& p : {kT1, kT2}) write_series(site.path() / "patient", p);
  const auto cases = find_cases(site.path() / "patient" / "");
  ASSERT_EQ(cases.size(), 1U);
  EXPECT_EQ(cases[0].name, "patient");
}

TEST(IngestDicom, RefusesTwoPatientsAndTwoCompleteExaminationsInOneCase) {
  const TemporaryFolder site;
  write_series(site.path() / "a" / "dicom", kT1);
  write_dicom(site.path() / "a" / "dicom" / "other", {.series = "1.2.3", .attributes = {{DCM_PatientID, "Y2"}}});
  EXPECT_THAT(message_of([&] { load_case(find_cases(site.path()).at(0), {"T1"}, scheme()); }, ErrorCode::kMismatch),
              HasSubstr("2 patients"));
  Protocol later = kT1;
  later.study = "1.2.826.0.1.2";
  later.number = 12;
  write_series(site.path() / "b" / "dicom", kT1);
  write_series(site.path() / "b" / "dicom", later);
  EXPECT_THAT(message_of([&] { load_case(find_cases(site.path()).at(1), {"T1"}, scheme()); }, ErrorCode::kMismatch),
              HasSubstr("case b: 2 examinations each have T1"));
}

}  // namespace
}  // namespace consilium::pipelines
