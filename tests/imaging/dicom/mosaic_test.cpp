#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "imaging/dicom/csa.h"
#include "imaging/dicom/load.h"
#include "tests/support/change_dicom.h"

namespace consilium::imaging {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void append(std::string& bytes, std::uint32_t value) { bytes.append(reinterpret_cast<const char*>(&value), 4); }

/// A CSA header of version 2 with one field.
std::string csa_header(const std::string& field, const std::vector<std::string>& values) {
  std::string bytes("SV10\x04\x03\x02\x01", 8);
  append(bytes, 1), append(bytes, 77);
  std::string name = field;
  name.resize(64, '\0');
  bytes += name;
  append(bytes, 3), bytes.append("FD\0\0", 4), append(bytes, 4), append(bytes, static_cast<std::uint32_t>(values.size())), append(bytes, 77);
  for (std::string value : values) {
    value.resize((value.size() + 4) / 4 * 4, '\0');
    append(bytes, 0), append(bytes, static_cast<std::uint32_t>(value.size())), append(bytes, 77), append(bytes, 0);
    bytes += value;
  }
  return bytes;
}

TEST(Csa, GivesTheValuesOfAField) {
  const std::string header = csa_header("SliceNormalVector", {"0.5", "", "-1.25 "});
  EXPECT_THAT(csa_values(header, "SliceNormalVector"), ElementsAre("0.5", "-1.25"));
  EXPECT_TRUE(csa_values(header, "Other").empty());
  for (std::size_t length = 0; length < header.size(); ++length) csa_values(header.substr(0, length), "SliceNormalVector");
}

/// Three slices of 2 x 2 pixels in a mosaic of 4 x 4: pixels are 10 * tile + offset; the fourth tile is empty.
void write_mosaic(const fs::path& file, int slices, double normal_z) {
  test::DicomImage image{.rows = 4, .columns = 4};
  image.pixels.assign(16, 0);
  for (int tile = 0; tile < 3; ++tile)
    for (int p = 0; p < 4; ++p)
      image.pixels[static_cast<std::size_t>((tile / 2 * 2 + p / 2) * 4 + tile % 2 * 2 + p % 2)] = static_cast<Uint16>(10 * tile + p);
  image.attributes = {{DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\MOSAIC"}, {DCM_PixelSpacing, "2\\3"}, {DCM_SpacingBetweenSlices, "5"}};
  test::write_dicom(file, image);
  test::change_dicom(file, [&](DcmItem& item) {
    item.putAndInsertString(DcmTag(0x0019, 0x0010, EVR_LO), "SIEMENS MR HEADER");
    if (slices > 0) item.putAndInsertUint16(DcmTag(0x0019, 0x100A, EVR_US), static_cast<Uint16>(slices));
    item.putAndInsertString(DcmTag(0x0029, 0x0010, EVR_LO), "SIEMENS CSA HEADER");
    const std::string csa = csa_header("SliceNormalVector", {"0", "0", std::to_string(normal_z)});
    item.putAndInsertUint8Array(DcmTag(0x0029, 0x1010, EVR_OB), reinterpret_cast<const Uint8*>(csa.data()), csa.size());
  });
}

TEST(Mosaic, TilesBecomeSlicesAroundTheMiddleOfTheImage) {
  const TemporaryFolder folder;
  write_mosaic(folder.path() / "a", 3, 1);
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.problem, "");
  EXPECT_EQ(series.geometry.size, (Size3{2, 2, 3}));
  EXPECT_EQ(series.geometry.spacing_mm, (Vec3{3, 2, 5}));
  // Position 10, 20, 0 and half of two pixels more, of 3 and 2 mm.
  EXPECT_EQ(series.geometry.origin_mm, (Vec3{13, 22, 0}));
  EXPECT_THAT(load_series(series).voxels, ElementsAre(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23));
}

TEST(Mosaic, ANormalAgainstTheImageTurnsTheOrder) {
  const TemporaryFolder folder;
  write_mosaic(folder.path() / "a", 3, -1);
  const Series series = scan_study(folder.path()).series.at(0);
  EXPECT_EQ(series.geometry.origin_mm, (Vec3{13, 22, -10}));
  EXPECT_THAT(load_series(series).voxels, ElementsAre(20, 21, 22, 23, 10, 11, 12, 13, 0, 1, 2, 3));
}

TEST(Mosaic, WithoutANumberOfSlicesItIsRefused) {
  const TemporaryFolder folder;
  write_mosaic(folder.path() / "a", 0, 1);
  const Study study = scan_study(folder.path());
  ASSERT_EQ(study.rejected.size(), 1U);
  EXPECT_THAT(study.rejected[0].reason, HasSubstr("neither (0019,xx0A) nor the CSA header"));
}

}  // namespace
}  // namespace consilium::imaging
