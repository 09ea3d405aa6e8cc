#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/load.h"
#include "imaging/dicom/scan.h"
#include "tests/support/change_dicom.h"

namespace consilium::imaging {
namespace {

using test::DicomImage;
using testing::ElementsAre;

void write_changed(const fs::path& file, const DicomImage& image, const std::function<void(DcmItem&)>& change) {
  test::write_dicom(file, image);
  test::change_dicom(file, change);
}

std::vector<std::string> parts_of(const Study& study) {
  std::vector<std::string> parts;
  for (const Series& series : study.series) parts.push_back(series.part + (series.problem.empty() ? "" : " (" + series.problem + ")"));
  return parts;
}

constexpr const char* kGe = "GE MEDICAL SYSTEMS";

/// Image `number` of two volumes of two slices.
DicomImage one_of_two_volumes(int number, const std::string& manufacturer) {
  return {.number = number, .z_mm = (number - 1) % 2 * 2.0, .attributes = {{DCM_Manufacturer, manufacturer}}};
}

TEST(VendorSeries, PhaseImagesOfGeAreNoSecondVolumeOfTheMagnitude) {
  const TemporaryFolder folder;
  for (int n = 1; n <= 4; ++n)
    write_changed(folder.path() / std::to_string(n), one_of_two_volumes(n, kGe), [&](DcmItem& item) {
      test::put(item, DcmTag(0x0043, 0x0010, EVR_LO), "GEMS_PARM_01");
      item.putAndInsertSint16(DcmTag(0x0043, 0x102F, EVR_SS), n > 2 ? 1 : 0);
    });
  EXPECT_THAT(parts_of(scan_study(folder.path())), ElementsAre("all but the phase", "phase"));
}

TEST(VendorSeries, AFieldMapOfGeIsSetApartFromItsMagnitude) {
  const TemporaryFolder folder;
  for (int n = 1; n <= 4; ++n)
    write_changed(folder.path() / std::to_string(n), one_of_two_volumes(n, kGe), [](DcmItem& item) {
      test::put(item, DcmTag(0x0019, 0x0010, EVR_LO), "GEMS_ACQU_01");
      item.putAndInsertString(DcmTag(0x0019, 0x109E, EVR_LO), "B0map");
      test::put(item, DcmTag(0x0021, 0x0010, EVR_LO), "GEMS_RELA_01");
      item.putAndInsertSint16(DcmTag(0x0021, 0x104F, EVR_SS), 2);
    });
  const Study study = scan_study(folder.path());
  EXPECT_THAT(parts_of(study), ElementsAre("field map in Hz", "magnitude"));
  EXPECT_EQ(study.series.at(0).header().instance_number, 1);
}

/// The second volume is stored upside down: its first row lies where the plane says that the last one does.
TEST(VendorSeries, ReversedRowsOfEpiPepolarAreSetRight) {
  const TemporaryFolder folder;
  for (int n = 1; n <= 4; ++n) {
    DicomImage image = one_of_two_volumes(n, kGe);
    image.attributes.emplace_back(DCM_TemporalPositionIdentifier, n > 2 ? "2" : "1");
    write_changed(folder.path() / std::to_string(n), image, [](DcmItem& item) {
      test::put(item, DcmTag(0x0019, 0x0010, EVR_LO), "GEMS_ACQU_01");
      item.putAndInsertString(DcmTag(0x0019, 0x109C, EVR_LO), "research/epi_pepolar");
      item.putAndInsertString(DcmTag(0x0019, 0x10B3, EVR_DS), "3");
    });
  }
  const Study study = scan_study(folder.path());
  ASSERT_THAT(parts_of(study), ElementsAre("forward phase encoding", "reversed phase encoding"));
  EXPECT_EQ(study.series[0].geometry.origin_mm, (Vec3{10, 20, 0}));
  // Three rows of 0.5 mm; the normal turns with the column, so the stack begins with its upper slice.
  EXPECT_EQ(study.series[1].geometry.origin_mm, (Vec3{10, 21, 2}));
  EXPECT_EQ(study.series[1].geometry.direction, (Matrix3{{{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}}));
}

TEST(VendorSeries, OneSeriesUidWithTwoSeriesNumbersIsTwoSeries) {
  const TemporaryFolder folder;
  for (int n = 1; n <= 4; ++n) {
    DicomImage image = one_of_two_volumes(n, "SIEMENS");
    image.attributes.emplace_back(DCM_SeriesNumber, n > 2 ? "7" : "3");
    image.attributes.emplace_back(DCM_InstanceNumber, std::to_string((n + 1) % 2 + 1));  // nothing else tells them apart
    test::write_dicom(folder.path() / std::to_string(n), image);
  }
  EXPECT_THAT(parts_of(scan_study(folder.path())), ElementsAre("series number 3", "series number 7"));
}

/// Two acquisitions as series of two slices each, as Siemens XA exports them.
void write_split(const fs::path& folder, const char* second_number, const char* second_time) {
  for (int n = 1; n <= 4; ++n) {
    DicomImage image = one_of_two_volumes(n, "Siemens Healthineers");
    image.series = n > 2 ? "1.2.826.0.1.1.8" : "1.2.826.0.1.1.9";  // the other way round than they were taken
    image.attributes.insert(image.attributes.end(), {{DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\MFSPLIT"}, {DCM_SeriesTime, n > 2 ? second_time : "101112"}, {DCM_SeriesNumber, n > 2 ? second_number : "7001"}});
    image.attributes.emplace_back(DCM_AcquisitionNumber, n > 2 ? "2" : "1");
    test::write_dicom(folder / std::to_string(n), image);
  }
}

TEST(VendorSeries, VolumesThatSiemensXaSplitIntoSeriesAreOneAgain) {
  const TemporaryFolder folder;
  write_split(folder.path(), "7002", "101112");
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 2U);
  EXPECT_EQ(volumes_from(study, 0), 2U);
  EXPECT_EQ(study.series[0].header().acquisition_number, 1);
  EXPECT_EQ(study.series[1].header().series_number, 7001);
  EXPECT_EQ(study.series[1].header().series_uid, "1.2.826.0.1.1.8") << "a file made of it refers to the series that there is";
}

TEST(VendorSeries, SeriesThatOnlyLookAlikeStayApart) {
  const TemporaryFolder folder;
  write_split(folder.path() / "number", "7004", "101112");
  EXPECT_EQ(volumes_from(scan_study(folder.path() / "number"), 0), 1U);
  write_split(folder.path() / "time", "7002", "101113");
  EXPECT_EQ(volumes_from(scan_study(folder.path() / "time"), 0), 1U);
}

/// b-value and direction along x or y of one image; a b-value below 0 writes none.
struct Weighting {
  double b = 0;
  double x = 0, y = 0;
  const char* directionality = "";
};

/// One image per weighting at each of two places, numbered in the order given for the place.
void write_diffusion(const fs::path& folder, const std::vector<std::vector<Weighting>>& places, const std::string& manufacturer = "Philips") {
  int number = 0;
  for (std::size_t place = 0; place < places.size(); ++place)
    for (const Weighting& w : places[place]) {
      const DicomImage image{.number = ++number, .z_mm = 2.0 * static_cast<double>(place), .attributes = {{DCM_Manufacturer, manufacturer}}};
      write_changed(folder / std::to_string(number), image, [&](DcmItem& item) {
        if (w.b >= 0) item.putAndInsertFloat64(DCM_DiffusionBValue, w.b);
        if (*w.directionality != 0) test::put(item, DCM_DiffusionDirectionality, w.directionality);
        const double direction[] = {w.x, w.y, 0};
        if (w.x != 0 || w.y != 0) item.putAndInsertFloat64Array(DCM_DiffusionGradientOrientation, direction, 3);
      });
    }
}

std::vector<double> b_values(const Study& study) {
  std::vector<double> values;
  for (const Series& series : study.series) values.push_back(series.header().b_value.value_or(-1));
  return values;
}

TEST(VendorSeries, VolumesOfDiffusionAreMadeByWeightingWhereNumbersRunDifferentlyAtEachPlace) {
  const TemporaryFolder folder;
  write_diffusion(folder.path(), {{{0}, {1000, 1, 0}, {1000, 0, 1}}, {{1000, 0, 1}, {0}, {1000, 1, 0}}});
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.series.size(), 3U);
  const std::vector<std::vector<int>> expected{{1, 5}, {2, 6}, {3, 4}};
  for (std::size_t v = 0; v < 3; ++v) {
    EXPECT_EQ(study.series[v].problem, "");
    EXPECT_EQ(study.series[v].slices.at(0).instance_number, expected[v][0]);
    EXPECT_EQ(study.series[v].slices.at(1).instance_number, expected[v][1]);
  }
}

TEST(VendorSeries, WeightingsThatDifferFromPlaceToPlaceMakeNoVolume) {
  const TemporaryFolder folder;
  write_diffusion(folder.path(), {{{0}, {1000, 1, 0}}, {{0}, {1000, 0, 1}}});
  EXPECT_THAT(parts_of(scan_study(folder.path())), ElementsAre(" (the diffusion weightings (b-values, directions) of one position are not those of the others)"));
}

TEST(VendorSeries, AMeanOverTheDirectionsIsSetApartFromThem) {
  const TemporaryFolder folder;
  const std::vector<Weighting> place{{0}, {1000, 1, 0, "DIRECTIONAL"}, {1000, 0, 1, "DIRECTIONAL"}, {1000, 0, 0, "ISOTROPIC"}};
  write_diffusion(folder.path(), {place, place});
  const Study study = scan_study(folder.path());
  EXPECT_THAT(b_values(study), ElementsAre(0, 1000, 1000, 1000));
  const std::string others = "all but the mean over the diffusion directions";
  EXPECT_THAT(parts_of(study), ElementsAre(others, others, others, "mean over the diffusion directions"));
}

TEST(VendorSeries, WithoutDirectionsTheMeanIsTheDiffusionImage) {
  const TemporaryFolder folder;
  const std::vector<Weighting> place{{0}, {1000, 0, 0, "ISOTROPIC"}};
  write_diffusion(folder.path(), {place, place});
  EXPECT_THAT(parts_of(scan_study(folder.path())), ElementsAre("", ""));
}

TEST(VendorSeries, ToshibaLeavesABValueOfZeroOut) {
  const TemporaryFolder folder;
  const std::vector<Weighting> place{{-1}, {1500, 1, 0}};
  write_diffusion(folder.path() / "toshiba", {place, place}, "TOSHIBA");
  EXPECT_THAT(b_values(scan_study(folder.path() / "toshiba")), ElementsAre(0, 1500));
  write_diffusion(folder.path() / "other", {place, place}, "OTHER");
  EXPECT_THAT(b_values(scan_study(folder.path() / "other")), ElementsAre(-1, 1500));
}

void write_vframe(const fs::path& file, int slices, DicomImage image) {
  image.attributes = {{DCM_Manufacturer, "UIH"}, {DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\VFRAME"}, {DCM_ImagePositionPatient, ""}, {DCM_PixelSpacing, "2\\3"}};
  write_changed(file, image, [&](DcmItem& item) {
    test::put(item, DcmTag(0x0065, 0x0010, EVR_LO), "Image Private Header");
    for (int n = 0; n < slices; ++n) {
      DcmItem* slice = nullptr;
      ASSERT_TRUE(item.findOrCreateSequenceItem(DcmTag(0x0065, 0x1051, EVR_SQ), slice, -2).good());
      test::put(*slice, DCM_ImagePositionPatient, "1\\2\\" + std::to_string(5 * n));
      test::put(*slice, DCM_AcquisitionTime, "23595" + std::to_string(8 - n % 2) + ".250000");
    }
  });
}

/// Three slices of 2 x 2 pixels; tiles lie 2 across and 2 down, the fourth is empty.
void write_vframe(const fs::path& file, int slices) { write_vframe(file, slices, {.rows = 4, .columns = 4, .pixels = {0, 1, 10, 11, 2, 3, 12, 13, 20, 21, 0, 0, 22, 23, 0, 0}}); }

TEST(VendorSeries, TimesOfMoreTilesThanAVolumeHasAreNotKeptWithEach) {
  const TemporaryFolder folder;
  write_vframe(folder.path() / "a", 1001, {.rows = 32, .columns = 32});
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.slices.size(), 1001U);
  EXPECT_TRUE(series.header().slice_times_ms.empty());
}

TEST(VendorSeries, TilesOfUnitedImagingLieWhereTheirSequenceSays) {
  const TemporaryFolder folder;
  write_vframe(folder.path() / "a", 3);
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.problem, "");
  EXPECT_EQ(series.geometry, (Geometry{{2, 2, 3}, {3, 2, 5}, {1, 2, 0}, kIdentity3}));
  EXPECT_THAT(series.header().slice_times_ms, ElementsAre(1000, 0, 1000));
  EXPECT_THAT(load_series(series).voxels, ElementsAre(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23));
}

TEST(VendorSeries, TilesOfUnitedImagingWithoutTheirSequenceAreRefused) {
  const TemporaryFolder folder;
  write_vframe(folder.path() / "a", 0);
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.rejected.size(), 1U);
  EXPECT_EQ(study.rejected[0].reason, "United Imaging's VFRAME image: the MR VFrame Sequence (0065,xx51) is missing; export the series as single slices");
}

TEST(VendorSeries, TilesOfUnitedImagingThatDoNotFitAreDamaged) {
  const TemporaryFolder folder;
  write_vframe(folder.path() / "a", 5);  // three across
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.rejected.size(), 1U);
  EXPECT_EQ(study.rejected[0].reason, "mosaic: 5 slices do not divide 4 x 4 pixels");
  EXPECT_EQ(study.rejected[0].code, ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace consilium::imaging
