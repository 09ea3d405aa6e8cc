#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/dicom/rtstruct_mask.h"
#include "tests/support/contour_file.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using test::ContourLine;
using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// 8 x 8 x 5 voxels of 1 x 1 x 2 mm, the first at the origin.
const Geometry kGrid{{8, 8, 5}, {1, 1, 2}, {0, 0, 0}, kIdentity3};

/// A square from `from` to `to` mm on both axes.
ContourLine square(double from, double to, double z) {
  const std::string a = std::to_string(from), b = std::to_string(to), at = "\\" + std::to_string(z);
  return {a + "\\" + a + at + "\\" + b + "\\" + a + at + "\\" + b + "\\" + b + at + "\\" + a + "\\" + b + at};
}

struct Read {
  std::vector<std::size_t> voxels;  ///< of the first region, by plane
  std::vector<std::string> notes;
};

Read read(const std::vector<ContourLine>& lines, const Geometry& grid = kGrid) {
  const TemporaryFolder folder;
  test::write_contours(folder.path() / "rs.dcm", {{.lines = lines}});
  const ContourMask mask(read_contour_set(folder.path() / "rs.dcm"), grid);
  Read result{std::vector<std::size_t>(grid.size[2]), mask.notes()};
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    mask.structures().visit_plane(k, [&](std::size_t region, std::span<const std::uint8_t> voxels) {
      for (const std::uint8_t v : voxels) result.voxels[k] += region == 0 ? v : 0;
    });
  return result;
}

TEST(Contours, FillTheirPlaneAndNoOther) {
  const Read result = read({square(0.5, 4.5, 2), square(0.5, 3.5, 4)});
  EXPECT_THAT(result.voxels, ElementsAre(0, 16, 9, 0, 0));
  EXPECT_THAT(result.notes, IsEmpty());
}

TEST(Contours, WithinOneAnotherAreHoles) {
  EXPECT_THAT(read({square(0.5, 6.5, 2), square(2.5, 4.5, 2)}).voxels, ElementsAre(0, 36 - 4, 0, 0, 0));
}

TEST(Contours, OfAnObliqueAndFlippedGridLieWhereTheirMillimetresAre) {
  Geometry turned = kGrid;  // i towards the back, j towards the right, k towards the feet
  turned.direction = {{{0, -1, 0}, {1, 0, 0}, {0, 0, -1}}};
  turned.origin_mm = {7, 0, 8};
  // Direction must stay right or left handed, no more: position (x, y, z) is voxel (y, 7 - x, (8 - z) / 2).
  EXPECT_THAT(read({square(0.5, 4.5, 2)}, turned).voxels, ElementsAre(0, 0, 0, 16, 0));
}

TEST(Contours, ThatSkipPlanesAreNotInterpolatedButTold) {
  const Read result = read({square(0.5, 2.5, 0), square(0.5, 2.5, 8)});
  EXPECT_THAT(result.voxels, ElementsAre(4, 0, 0, 0, 4));
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("3 planes between contours without one stay empty")));
}

TEST(Contours, CloserThanPlanesGiveEachPlaneItsNearest) {
  // Two of one region at 1.6 and 2.1 mm: plane 1 lies at 2. Both together would cancel out.
  const Read result = read({square(0.5, 4.5, 1.6), square(0.5, 3.5, 2.1)});
  EXPECT_THAT(result.voxels, ElementsAre(0, 9, 0, 0, 0));
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("1 contour left out that lie closer")));
}

TEST(Contours, ThatEncloseNothingAreLeftOutAndTold) {
  const Read result = read({square(0.5, 2.5, 2), {"1\\1\\2", "POINT"}, {"1\\1\\2\\2\\2\\2\\3\\1\\2", "OPEN_PLANAR"}, square(0.5, 2.5, 90)});
  EXPECT_THAT(result.voxels, ElementsAre(0, 4, 0, 0, 0));
  EXPECT_THAT(result.notes, ElementsAre(HasSubstr("2 contours left out that enclose nothing"), HasSubstr("1 contour left out that lie above or below")));
}

TEST(Contours, OfSeveralRegionsKeepNamesColoursAndTerms) {
  const TemporaryFolder folder;
  test::write_contours(folder.path() / "rs.dcm", {{.number = 4, .name = "Kidney_Left", .lines = {square(0, 2, 2)}}, {.number = 9, .name = "of Nobody"}});
  const ContourSet set = read_contour_set(folder.path() / "rs.dcm");
  ASSERT_EQ(set.regions.size(), 2U);
  EXPECT_EQ(set.regions[0].segment.name, "Kidney_Left");
  EXPECT_EQ(set.regions[0].segment.type.meaning, "Kidney");
  EXPECT_EQ(set.regions[0].segment.modifier.meaning, "Left");
  EXPECT_EQ(set.regions[0].segment.rgb, (std::array<std::uint8_t, 3>{255, 0, 17}));
  EXPECT_EQ(set.regions[1].segment.name, "of ***");  // words of the patient's name
  EXPECT_EQ(set.source_series, std::vector<std::string>{"1.2.826.0.1.1.1"});
  const ContourMask mask(set, kGrid);
  EXPECT_EQ(mask.structures().segments[0].label, 4);
  EXPECT_EQ(mask.structures().segments[1].label, 9);
}

TEST(Contours, DamageIsNamed) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "rs.dcm";
  const auto refuse = [&](ErrorCode code, const std::string& words, const std::vector<ContourLine>& lines) {
    test::write_contours(file, {{.lines = lines}});
    EXPECT_THAT(refusal(code, [&] { ContourMask(read_contour_set(file), kGrid); }), HasSubstr(words));
  };
  refuse(ErrorCode::kCorruptData, "something that is not a number", {{"1\\2\\x"}});
  refuse(ErrorCode::kCorruptData, "something that is not a number", {{"1\\\\2\\3"}});
  refuse(ErrorCode::kCorruptData, "something that is not a number", {{"nan\\2\\3"}});
  refuse(ErrorCode::kCorruptData, "three numbers per point", {{"1\\2\\3\\4"}});
  refuse(ErrorCode::kCorruptData, "far outside of any patient", {{"0\\0\\2\\1e300\\0\\2\\0\\1\\2"}});
  refuse(ErrorCode::kUnsupported, "crosses the planes", {{"0\\0\\0\\4\\0\\2\\4\\4\\8"}});
  refuse(ErrorCode::kMismatch, "no contour lies on the images", {square(0, 2, 500)});
  refuse(ErrorCode::kMismatch, "no contour lies on the images", {});
  test::write_contours(file, {{.number = 1}, {.number = 1}});
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { read_contour_set(file); }), HasSubstr("two regions of interest have the number 1"));
  test::write_dicom(folder.path() / "mr.dcm", {});
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { read_contour_set(folder.path() / "mr.dcm"); }), HasSubstr("expected an RT Structure Set, found MR Image Storage"));
}

}  // namespace
}  // namespace consilium::imaging
