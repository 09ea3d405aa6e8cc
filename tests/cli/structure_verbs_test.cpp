#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "imaging/dicom/scan.h"
#include "imaging/dicom/seg_file.h"
#include "imaging/nifti/nifti.h"
#include "imaging/ops/orient.h"
#include "tests/support/contour_file.h"
#include "tests/support/program.h"

namespace consilium {
namespace {

using test::consilium_program;
using test::run_program;
using testing::HasSubstr;
using testing::Not;

/// Three slices of 4 x 3 voxels, stored in no order, of a patient with a name.
void write_images(const fs::path& folder) {
  for (const int n : {2, 0, 1}) {
    test::DicomImage image{.number = 10 - n, .z_mm = 2.0 * n};
    image.attributes = {{DCM_PatientName, "Plantedname^Firstname"}, {DCM_PatientID, "PID0815"}, {DCM_SeriesDescription, "t1"}};
    test::write_dicom(folder / ("slice" + std::to_string((n + 2) % 3)), image);
  }
}

LabelMap labels_on(const fs::path& images) {
  const auto series = imaging::scan_study(images).series.at(0);
  LabelMap labels{series.geometry, std::vector<Label>(voxel_count(series.geometry))};
  labels.labels[1] = 1, labels.labels[14] = 2, labels.labels[15] = 4, labels.labels[30] = 4;
  return labels;
}

struct Place {
  TemporaryFolder folder;
  std::string images = (folder.path() / "images").string(), labels = (folder.path() / "labels.nii.gz").string(),
              seg = (folder.path() / "seg.dcm").string(), out = (folder.path() / "out").string();
  LabelMap map;

  Place() {
    write_images(images);
    map = labels_on(images);
    imaging::write_nifti(labels, map);
  }
};

TEST(SegVerb, LabelsGoToDicomAndComeBackAsTheyWere) {
  for (const char* type : {"binary", "labelmap"}) {
    const Place at;
    const auto written = run_program({consilium_program(), "seg", "write", at.labels, "--images", at.images, "--scheme", "brats2021", "--algorithm", "net", "--type", type, "-o", at.seg});
    ASSERT_EQ(written.code, 0) << written.err;
    const auto read = run_program({consilium_program(), "seg", "read", at.seg, "-o", at.out, "--json"});
    ASSERT_EQ(read.code, 0) << read.err;
    const Json report = parse_json(read.out, "stdout");
    EXPECT_EQ(report.at("schema"), "consilium.structures/1");
    const LabelMap back = imaging::read_nifti_labels(report.at("files").at(0).at("outputs").at(0).get<std::string>());
    EXPECT_TRUE(same_grid(back.geometry, at.map.geometry));
    EXPECT_EQ(back.labels, at.map.labels);
    const std::string description = read_file(report.at("files").at(0).at("description").get<std::string>());
    EXPECT_THAT(description, HasSubstr("C113842"));
    EXPECT_THAT(description, Not(HasSubstr("Plantedname")));
    // What was read describes itself: nothing more is needed to write it again.
    const auto again = run_program({consilium_program(), "seg", "write", at.out + "/seg.nii.gz", "--images", at.images, "-o", at.seg, "--overwrite"});
    ASSERT_EQ(again.code, 0) << again.err;
    const auto file = imaging::read_seg_file(at.seg);
    ASSERT_EQ(file.segments.size(), 3U);
    EXPECT_EQ(file.segments[2].label, 4);
    EXPECT_EQ(file.segments[2].algorithm_name, "net");
  }
}

TEST(SegVerb, LabelsWithOtherAxesAreTheSameVoxels) {
  const Place at;
  imaging::write_nifti(at.labels, imaging::orient(at.map, "RAS"));
  ASSERT_EQ(run_program({consilium_program(), "seg", "write", at.labels, "--images", at.images, "--segment", "1=liver", "--segment", "2=kidney_left", "--segment", "4=ET", "--algorithm", "manual", "-o", at.seg}).code, 0);
  ASSERT_EQ(run_program({consilium_program(), "seg", "read", at.seg, "-o", at.out}).code, 0);
  EXPECT_EQ(imaging::read_nifti_labels(at.out + "/seg.nii.gz").labels, at.map.labels);
}

TEST(SegVerb, RegionsOverlapAndBecomeTheSameLabelsAgain) {
  const Place at;
  ASSERT_EQ(run_program({consilium_program(), "seg", "write", at.labels, "--images", at.images, "--scheme", "brats2021", "--regions", "--algorithm", "net", "-o", at.seg}).code, 0);
  ASSERT_EQ(run_program({consilium_program(), "seg", "read", at.seg, "-o", at.out, "--scheme", "brats2021"}).code, 0);
  EXPECT_EQ(imaging::read_nifti_labels(at.out + "/seg.nii.gz").labels, at.map.labels);
  ASSERT_EQ(run_program({consilium_program(), "seg", "read", at.seg, "-o", at.out, "--each", "--overwrite"}).code, 0);
  std::size_t whole = 0;
  for (const Label label : imaging::read_nifti_labels(at.out + "/seg_WT.nii.gz").labels) whole += label;
  EXPECT_EQ(whole, 4U);
  ASSERT_EQ(run_program({consilium_program(), "seg", "read", at.seg, "-o", at.folder.path().string() + "/layers"}).code, 0);
  EXPECT_TRUE(fs::exists(at.folder.path() / "layers" / "seg_3.nii.gz"));
}

TEST(SegVerb, FractionsComeBack) {
  const Place at;
  Volume fractions{at.map.geometry, {}};
  for (std::size_t n = 0; n < at.map.labels.size(); ++n) fractions.voxels.push_back(static_cast<float>(n % 6) / 5);
  imaging::write_nifti(at.labels, fractions);
  ASSERT_EQ(run_program({consilium_program(), "seg", "write", at.labels, "--images", at.images, "--segment", "1=liver", "--type", "probability", "--algorithm", "net", "-o", at.seg}).code, 0);
  ASSERT_EQ(run_program({consilium_program(), "seg", "read", at.seg, "-o", at.out}).code, 0);
  const Volume back = imaging::read_nifti(at.out + "/seg_liver.nii.gz");
  for (std::size_t n = 0; n < fractions.voxels.size(); ++n) EXPECT_NEAR(back.voxels[n], fractions.voxels[n], 1e-6);
}

TEST(SegVerb, SaysWhatIsMissing) {
  const Place at;
  const auto refused = [&](std::vector<std::string> more, int code, const std::string& words) {
    std::vector<std::string> all{consilium_program(), "seg", "write", at.labels, "--images", at.images, "-o", at.seg};
    all.insert(all.end(), more.begin(), more.end());
    const auto outcome = run_program(all);
    EXPECT_EQ(outcome.code, code) << words;
    EXPECT_THAT(outcome.err, HasSubstr(words));
    EXPECT_FALSE(fs::exists(at.seg));
  };
  refused({}, 2, "nothing says what its labels show");
  refused({"--scheme", "brats2021"}, 2, "say what made the labels");
  refused({"--scheme", "brats2023", "--algorithm", "net"}, 2, "has the label 4, but no segment");
  refused({"--segment", "1=philtrum", "--algorithm", "net"}, 2, "no structure of that name");
  LabelMap elsewhere = at.map;
  elsewhere.geometry.origin_mm[0] += 0.2;
  imaging::write_nifti(at.labels, elsewhere);
  refused({"--scheme", "brats2021", "--algorithm", "net"}, 6, "have the grid of no series");
  EXPECT_EQ(run_program({consilium_program(), "seg", "read", at.images + "/slice0", "-o", at.out}).code, 5);
}

TEST(RtstructVerb, ContoursBecomeLabels) {
  const Place at;
  const std::string rs = (at.folder.path() / "rs.dcm").string();
  // Voxels of 0.25 x 0.5 mm from (10, 20): i 0 to 1, j 0 to 1 of the middle slice.
  test::write_contours(rs, {{.number = 5, .name = "Liver", .lines = {{"9.9\\19.9\\2\\10.3\\19.9\\2\\10.3\\20.6\\2\\9.9\\20.6\\2"}}}}, "1.2.826.0.1.1.1", "Plantedname");
  const auto outcome = run_program({consilium_program(), "rtstruct", rs, "--images", at.images, "-o", at.out});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const LabelMap labels = imaging::read_nifti_labels(at.out + "/rs.nii.gz");
  std::vector<std::size_t> found;
  for (std::size_t n = 0; n < labels.labels.size(); ++n)
    if (labels.labels[n] == 5) found.push_back(n);
  EXPECT_THAT(found, testing::ElementsAre(12, 13, 16, 17));
  EXPECT_EQ(run_program({consilium_program(), "rtstruct", rs, "--images", at.labels, "-o", at.out}).code, 3);
}

TEST(Convert, SegmentationsAndContoursBesideTheirImagesAreConverted) {
  const Place at;
  ASSERT_EQ(run_program({consilium_program(), "seg", "write", at.labels, "--images", at.images, "--scheme", "brats2021", "--algorithm", "net", "-o", at.images + "/seg.dcm", "--planes", "occupied"}).code, 0);
  test::write_contours(at.images + "/rs.dcm", {{.lines = {{"9.9\\19.9\\2\\10.3\\19.9\\2\\10.3\\20.6\\2\\9.9\\20.6\\2"}}}});
  const auto outcome = run_program({consilium_program(), "convert", at.images, "-o", at.out, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "stdout").at("files").size(), 3U);
  const LabelMap seg = imaging::read_nifti_labels(at.out + "/1001_Segmentation.nii.gz");
  EXPECT_TRUE(same_grid(seg.geometry, at.map.geometry));
  EXPECT_EQ(seg.labels, at.map.labels);
  EXPECT_TRUE(same_grid(imaging::read_nifti_labels(at.out + "/9_contours.nii.gz").geometry, at.map.geometry));
  // Turned with the images.
  ASSERT_EQ(run_program({consilium_program(), "convert", at.images, "-o", at.out, "--orient", "RAS", "--overwrite"}).code, 0);
  EXPECT_EQ(imaging::inspect_nifti(at.out + "/1001_Segmentation.nii.gz").orientation, "RAS");
  EXPECT_EQ(imaging::read_nifti_labels(at.out + "/1001_Segmentation.nii.gz"), imaging::orient(at.map, "RAS"));
}

TEST(Convert, ContoursWithoutTheirImagesAreRefused) {
  const TemporaryFolder folder;
  test::write_contours(folder.path() / "in" / "rs.dcm", {{.lines = {{"0\\0\\2\\4\\0\\2\\4\\4\\2"}}}});
  const auto outcome = run_program({consilium_program(), "convert", (folder.path() / "in").string(), "-o", (folder.path() / "out").string()});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("the images that its contours were drawn on are not there"));
}

}  // namespace
}  // namespace consilium
