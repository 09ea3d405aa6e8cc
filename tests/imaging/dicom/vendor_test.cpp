#include <gtest/gtest.h>

#include "imaging/dicom/load.h"
#include "imaging/dicom/private_tags.h"
#include "tests/support/change_dicom.h"

namespace consilium::imaging {
namespace {

/// Writes an image, lets `change` add to it, and reads its header.
template <typename Change>
DicomHeader header_of(const std::string& maker, const Change& change) {
  const TemporaryFolder folder;
  test::write_dicom(folder.path() / "a", {.attributes = {{DCM_Manufacturer, maker}, {DCM_RescaleSlope, "2"}, {DCM_RescaleIntercept, "-6"}}});
  test::change_dicom(folder.path() / "a", change);
  return read_dicom_header(folder.path() / "a");
}

TEST(Vendor, PhilipsPrivateScaleIsApplied) {
  const DicomHeader h = header_of("Philips Medical Systems", [](DcmItem& item) {
    item.putAndInsertString(DcmTag(0x2005, 0x0010, EVR_LO), "Philips MR Imaging DD 001");
    item.putAndInsertFloat32(DcmTag(0x2005, 0x100E, EVR_FL), 0.25F);
  });
  // (stored * 2 - 6) / (2 * 0.25)
  EXPECT_DOUBLE_EQ(h.slope, 4);
  EXPECT_DOUBLE_EQ(h.intercept, -12);
  EXPECT_EQ(h.philips_scale, 0.25);
}

/// As it comes where the VR is implicit: an item of two elements as bytes.
TEST(Vendor, AWrappedPrivateSequenceIsOpened) {
  DcmItem item;
  item.putAndInsertString(DcmTag(0x2005, 0x0014, EVR_LO), "Philips MR Imaging DD 005");
  std::string bytes("\xFE\xFF\x00\xE0\x2E\x00\x00\x00", 8);
  bytes += std::string("\x05\x20\x10\x00\x1A\x00\x00\x00Philips MR Imaging DD 001 ", 34);
  bytes += std::string("\x05\x20\x0E\x10\x04\x00\x00\x00\x00\x00\x80\x3E", 12);
  item.putAndInsertUint8Array(DcmTag(0x2005, 0x140F, EVR_OB), reinterpret_cast<const Uint8*>(bytes.data()), bytes.size());
  const PrivateTag outer{0x2005, "Philips MR Imaging DD", 0x0F};
  for (int n = 0; n < 2; ++n) {  // once opened it stays open
    DcmItem* inner = private_item(item, outer);
    ASSERT_NE(inner, nullptr);
    EXPECT_EQ(private_numbers(*inner, {0x2005, "Philips MR Imaging DD 001", 0x0E}, PrivateType::kFloat32), std::vector<double>{0.25});
  }
}

TEST(Vendor, BytesThatOnlyBeginAsASequenceHoldNothing) {
  for (const std::string& bytes : {std::string("\xFE\xFF\x00\xE0\xFF\x00\x00\x00", 8), std::string("\xFE\xFF\x00\xE0", 4), std::string("\x00\x00", 2)}) {
    DcmItem item;
    item.putAndInsertString(DcmTag(0x2005, 0x0014, EVR_LO), "Philips MR Imaging DD 005");
    item.putAndInsertUint8Array(DcmTag(0x2005, 0x140F, EVR_OB), reinterpret_cast<const Uint8*>(bytes.data()), bytes.size());
    DcmItem* inner = private_item(item, {0x2005, "Philips MR Imaging DD", 0x0F});
    EXPECT_TRUE(inner == nullptr || inner->card() == 0);
  }
}

TEST(Vendor, AnotherMakersTagOfThatNumberIsNoScale) {
  const DicomHeader h = header_of("Somebody", [](DcmItem& item) {
    item.putAndInsertString(DcmTag(0x2005, 0x0010, EVR_LO), "Philips MR Imaging DD 001");
    item.putAndInsertFloat32(DcmTag(0x2005, 0x100E, EVR_FL), 0.25F);
  });
  EXPECT_EQ(h.slope, 2);
}

TEST(Vendor, SiemensDiffusionIsReadFromItsPrivateBlockWherever) {
  const DicomHeader h = header_of("SIEMENS", [](DcmItem& item) {
    item.putAndInsertString(DcmTag(0x0019, 0x0011, EVR_LO), "SIEMENS MR HEADER");
    item.putAndInsertString(DcmTag(0x0019, 0x110C, EVR_IS), "800");
    const Float64 direction[] = {0, 0.6, -0.8};
    item.putAndInsertFloat64Array(DcmTag(0x0019, 0x110E, EVR_FD), direction, 3);
  });
  EXPECT_EQ(h.b_value, 800);
  ASSERT_TRUE(h.gradient);
  EXPECT_NEAR((*h.gradient)[2], -0.8, 1e-12);
}

DicomHeader ge_header(const std::string& position, const std::string& axis, const std::vector<std::string>& direction) {
  return header_of("GE MEDICAL SYSTEMS", [&](DcmItem& item) {
    item.putAndInsertString(DcmTag(0x0043, 0x0010, EVR_LO), "GEMS_PARM_01");
    item.putAndInsertString(DcmTag(0x0043, 0x1039, EVR_IS), "1000001000\\8\\0\\0");
    item.putAndInsertString(DcmTag(0x0019, 0x0010, EVR_LO), "GEMS_ACQU_01");
    for (std::size_t n = 0; n < direction.size(); ++n) item.putAndInsertString(DcmTag(0x0019, static_cast<Uint16>(0x10BB + n), EVR_DS), direction[n].c_str());
    test::put(item, DCM_PatientPosition, position);
    test::put(item, DCM_InPlanePhaseEncodingDirection, axis);
  });
}

/// Axial: row to the left, column to the back.
TEST(Vendor, GesDirectionIsTurnedIntoThePatient) {
  const DicomHeader h = ge_header("HFS", "COL", {"0.6", "0", "0.8"});
  EXPECT_EQ(h.b_value, 1000);
  ASSERT_TRUE(h.gradient);
  EXPECT_NEAR((*h.gradient)[0], -0.6, 1e-12);
  EXPECT_NEAR((*h.gradient)[2], 0.8, 1e-12);
  EXPECT_NEAR((*ge_header("HFS", "ROW", {"0.6", "0", "0.8"}).gradient)[1], 0.6, 1e-12);
}

TEST(Vendor, AShortDirectionOfGeScalesTheBValue) {
  const DicomHeader h = ge_header("HFS", "COL", {"0.577", "0", "0"});
  EXPECT_EQ(h.b_value, 335);
  EXPECT_EQ(h.gradient, (Vec3{-1, 0, 0}));
}

TEST(Vendor, GesDirectionIsNotGuessed) {
  EXPECT_EQ(ge_header("HFS", "COL", {"1"}).gradient, std::nullopt);
  EXPECT_EQ(ge_header("HFS", "COL", {"0", "0", "0"}).gradient, std::nullopt) << "a trace image";
  EXPECT_EQ(ge_header("FFS", "COL", {"1", "0", "0"}).gradient, std::nullopt);
  EXPECT_EQ(ge_header("HFS", "OTHER", {"1", "0", "0"}).gradient, std::nullopt);
  EXPECT_EQ(ge_header("FFS", "COL", {"1", "0", "0"}).b_value, 1000);
}

TEST(Vendor, PhilipsNonsenseIsNoDiffusion) {
  const DicomHeader h = header_of("Philips", [](DcmItem& item) { item.putAndInsertFloat64(DCM_DiffusionBValue, 7.23e75); });
  EXPECT_EQ(h.b_value, std::nullopt);
}

}  // namespace
}  // namespace consilium::imaging
