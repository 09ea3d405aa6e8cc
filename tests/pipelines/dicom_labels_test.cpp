#include "pipelines/dicom_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "imaging/nifti/nifti.h"
#include "pipelines/ingest.h"
#include "pipelines/write_segmentation.h"
#include "tests/support/contour_file.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;

const imaging::LabelScheme& binary() { return imaging::label_scheme("binary"); }

/// CT (8 x 8 x 3 voxels of 1 x 1 x 2 mm) and an MR of the same grid in one examination.
void write_images(const fs::path& folder) {
  for (const auto& [sop_class, series] : {std::pair<std::string, std::string>{UID_CTImageStorage, "1.2.826.0.1.1.1"}, {UID_MRImageStorage, "1.2.826.0.1.1.2"}})
    for (int n = 0; n < 3; ++n) {
      test::DicomImage image{.sop_class = sop_class, .series = series, .number = n + 1, .z_mm = 2.0 * n, .rows = 8, .columns = 8};
      image.attributes = {{DCM_ImagePositionPatient, "0\\0\\" + std::to_string(2 * n)}, {DCM_PixelSpacing, "1\\1"}, {DCM_SeriesDescription, "t1_se"}, {DCM_PatientID, "X"}};
      test::write_dicom(folder / series / (std::to_string(n) + ".dcm"), image);
    }
}

std::string square(int low, int high, int z) {
  const auto at = [&](int x, int y) { return std::to_string(x) + ".5\\" + std::to_string(y) + ".5\\" + std::to_string(z); };
  return at(low, low) + "\\" + at(high, low) + "\\" + at(high, high) + "\\" + at(low, high);
}

Case load(const fs::path& site, const std::vector<std::string>& channels, const FilePatterns& patterns = {}, const LoadOptions& options = {}) {
  return load_case(find_cases(site, patterns).at(0), channels, binary(), options);
}

long labelled(const Case& c) { return std::count_if(c.labels->labels.begin(), c.labels->labels.end(), [](Label l) { return l != 0; }); }

TEST(DicomLabels, ContoursOfAChosenSeriesAreTheLabels) {
  const TemporaryFolder site;
  write_images(site.path() / "p" / "dicom");
  test::write_contours(site.path() / "p" / "dicom" / "rs.dcm", {{1, "GTV", {{square(1, 4, 2)}}}});
  const Case loaded = load(site.path(), {"MR", "CT"});
  ASSERT_TRUE(loaded.labels.has_value());
  EXPECT_EQ(labelled(loaded), 9);  // voxels 2 to 4 along x and y, on the middle plane
  EXPECT_EQ(loaded.labels->labels[64 + 2 * 8 + 2], 1);
  EXPECT_EQ(loaded.evidence.at("labels"), "contours of CT (series 1); same frame of reference as MR");
  EXPECT_FALSE(load(site.path(), {"MR", "CT"}, {}, {.labels = false}).labels.has_value());
  EXPECT_FALSE(load(site.path(), {"MR"}).labels.has_value()) << "they belong to the CT";
}

TEST(DicomLabels, AFileOfLabelsComesFirst) {
  const TemporaryFolder site;
  write_images(site.path() / "p" / "dicom");
  test::write_contours(site.path() / "p" / "dicom" / "rs.dcm", {{1, "GTV", {{square(1, 4, 2)}}}});
  LabelMap labels{{{8, 8, 3}, {1, 1, 2}, {0, 0, 0}, kIdentity3}, std::vector<Label>(192, 1)};
  imaging::write_nifti(site.path() / "p" / "p_seg.nii.gz", labels);
  EXPECT_EQ(labelled(load(site.path(), {"CT"})), 192);
}

TEST(DicomLabels, OfSeveralRegionsTheTumourIsMeantOrWhatThePatternNames) {
  const TemporaryFolder site;
  write_images(site.path() / "p" / "dicom");
  test::write_contours(site.path() / "p" / "dicom" / "rs.dcm", {{1, "Heart", {{square(0, 6, 0)}}}, {2, "GTV_Mass", {{square(1, 4, 2)}}}, {3, "Lung", {{square(0, 5, 4)}}}});
  EXPECT_EQ(labelled(load(site.path(), {"CT"})), 9);
  EXPECT_EQ(labelled(load(site.path(), {"CT"}, {{"labels", "Lu*"}})), 25);
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { load(site.path(), {"CT"}, {{"labels", "Liver"}}); }), AllOf(HasSubstr("case p"), HasSubstr("of 3 outlined regions none is named Liver")));
}

TEST(DicomLabels, NothingThatIsMeantIsRefusedWithoutTheRegionsNames) {
  const TemporaryFolder site;
  write_images(site.path() / "p" / "dicom");
  test::write_contours(site.path() / "p" / "dicom" / "rs.dcm", {{1, "Heart of Smith", {{square(0, 6, 0)}}}, {2, "Lung", {{square(0, 5, 4)}}}});
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { load(site.path(), {"CT"}); }), AllOf(HasSubstr("none is one of scheme binary"), testing::Not(HasSubstr("Smith"))));
}

TEST(DicomLabels, TwoFilesOfOneSeriesAreRefused) {
  const TemporaryFolder site;
  write_images(site.path() / "p" / "dicom");
  test::write_contours(site.path() / "p" / "dicom" / "a.dcm", {{1, "GTV", {{square(1, 4, 2)}}}});
  const fs::path second = site.path() / "p" / "dicom" / "b.dcm";
  test::write_contours(second, {{1, "GTV", {{square(1, 5, 2)}}}});
  DcmFileFormat other;  // not a second copy of the first
  ASSERT_TRUE(other.loadFile(second.c_str()).good());
  test::put(*other.getDataset(), DCM_SOPInstanceUID, "1.2.826.0.1.9.10");
  ASSERT_TRUE(other.saveFile(second.c_str(), EXS_LittleEndianExplicit).good());
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { load(site.path(), {"CT"}); }), HasSubstr("two files outline the CT series"));
}

TEST(DicomLabels, ASegmentationGivesTheTissuesOfAScheme) {
  const TemporaryFolder site;
  const fs::path folder = site.path() / "p" / "dicom";
  write_images(folder);
  LabelMap labels{{{8, 8, 3}, {1, 1, 2}, {0, 0, 0}, kIdentity3}, std::vector<Label>(192, 0)};
  labels.labels[70] = 1, labels.labels[71] = 2, labels.labels[72] = 4;
  imaging::write_nifti(site.path() / "labels.nii.gz", labels);
  SegmentationOptions options;
  options.scheme = "brats2021";
  options.algorithm = "manual";
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { write_segmentation({site.path() / "labels.nii.gz"}, folder, folder / "seg.dcm", options); }), HasSubstr("2 series have the grid"));
  options.series_uid = "1.2.826.0.1.1.1";
  write_segmentation({site.path() / "labels.nii.gz"}, folder, folder / "seg.dcm", options);
  fs::remove(site.path() / "labels.nii.gz");
  const Case loaded = load_case(find_cases(site.path()).at(0), {"CT", "MR"}, imaging::label_scheme("brats2023"));
  ASSERT_TRUE(loaded.labels.has_value());
  EXPECT_EQ(loaded.labels->labels[70], imaging::kNecrotic);
  EXPECT_EQ(loaded.labels->labels[71], imaging::kOedema);
  EXPECT_EQ(loaded.labels->labels[72], imaging::kEnhancing);
  EXPECT_EQ(labelled(loaded), 3);
  EXPECT_THAT(loaded.evidence.at("labels"), HasSubstr("segmentation of CT"));
}

}  // namespace
}  // namespace consilium::pipelines
