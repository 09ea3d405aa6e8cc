#include "imaging/render/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "imaging/ops/orient.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using Rgb = std::array<int, 3>;

// 20 x 10 x 4 voxels of 2 x 4 x 5 mm, so that width is height in mm; LPS. Ten pixels per voxel along j, five along i.
const Geometry kGrid{{20, 10, 4}, {2, 4, 5}, {-20, -20, 0}, kIdentity3};
const OverlayOptions kOptions{.height = 100};

LabelMap labels_of(const Geometry& grid = kGrid) { return {grid, std::vector<Label>(voxel_count(grid), 0)}; }

Volume grey_of(float value) { return {kGrid, std::vector<float>(voxel_count(kGrid), value)}; }

void fill(LabelMap& map, Size3 from, Size3 to, Label label) {
  for (std::size_t k = from[2]; k < to[2]; ++k)
    for (std::size_t j = from[1]; j < to[1]; ++j)
      for (std::size_t i = from[0]; i < to[0]; ++i) map.labels[offset_of(map.geometry.size, i, j, k)] = label;
}

Rgb rgb_at(const Picture& p, int x, int y) {
  const std::size_t first = static_cast<std::size_t>(y * p.width + x) * static_cast<std::size_t>(p.channels);
  const auto channel = [&](std::size_t c) { return static_cast<int>(p.bytes[first + (p.channels == 1 ? 0 : c)]); };
  return {channel(0), channel(1), channel(2)};
}

int opacity_at(const Picture& p, int x, int y) { return p.bytes[static_cast<std::size_t>(y * p.width + x) * 4 + 3]; }

TEST(Overlay, PixelsAreSquareInMillimetres) {
  const Picture picture = render_grey(grey_of(1), 0, kOptions);
  EXPECT_EQ(picture.width, 100);
  EXPECT_EQ(picture.height, 100);
  EXPECT_EQ(picture.channels, 1);
}

TEST(Overlay, ShowsThePatientsRightOnTheLeftAndTheNoseUp) {
  Volume image = grey_of(0);
  image.voxels[offset_of(kGrid.size, 2, 1, 3)] = 100;  // i small: the patient's right in LPS; j small: front
  const OverlayOptions all{.height = 100, .low_percentile = 0, .high_percentile = 100};
  const Picture picture = render_grey(image, 3, all);
  EXPECT_GT(rgb_at(picture, 12, 15)[0], 200);  // centre of voxel (2, 1)
  EXPECT_EQ(rgb_at(picture, 87, 15)[0], 0);
  EXPECT_EQ(rgb_at(picture, 12, 85)[0], 0);
  // The same patient stored the other way round is the same picture.
  for (const char* code : {"RAS", "SLP", "AIR"}) EXPECT_EQ(render_grey(orient(image, code), 3, all), picture) << code;
}

TEST(Overlay, FillsLabelsWithTheirColoursAndNothingElse) {
  LabelMap labels = labels_of();
  fill(labels, {4, 2, 1}, {8, 5, 2}, 2);
  fill(labels, {12, 2, 1}, {16, 5, 2}, 3);
  const Picture picture = render_fill(labels, 1, kOptions);
  EXPECT_EQ(rgb_at(picture, 30, 35), (Rgb{0, 158, 115}));
  EXPECT_EQ(rgb_at(picture, 70, 35), (Rgb{240, 228, 66}));
  EXPECT_EQ(opacity_at(picture, 30, 35), 115);  // 0.45 of 255
  EXPECT_EQ(opacity_at(picture, 50, 35), 0);
  EXPECT_EQ(opacity_at(picture, 20, 35), 115) << "the left edge of voxel 4 is pixel 20";
  EXPECT_EQ(opacity_at(picture, 19, 35), 0);
  EXPECT_EQ(opacity_at(render_fill(labels, 2, kOptions), 30, 35), 0) << "another slice";
}

TEST(Overlay, OutlinesTheReferenceInWhiteAndLeavesItsInsideFree) {
  LabelMap labels = labels_of();
  fill(labels, {4, 2, 1}, {16, 8, 2}, 2);
  const Picture picture = render_outline(labels, 1, kOptions);
  EXPECT_EQ(rgb_at(picture, 20, 50), (Rgb{255, 255, 255}));  // left border
  EXPECT_EQ(opacity_at(picture, 20, 50), 255);
  EXPECT_EQ(opacity_at(picture, 50, 50), 0);
  EXPECT_EQ(opacity_at(picture, 5, 50), 0);
}

TEST(Overlay, OutlinesTheInnerLabelOnlyWhenAskedTo) {
  LabelMap labels = labels_of();
  fill(labels, {2, 1, 1}, {18, 9, 2}, 2);
  fill(labels, {8, 4, 1}, {12, 6, 2}, 3);
  EXPECT_EQ(opacity_at(render_outline(labels, 1, kOptions), 40, 50), 255);
  EXPECT_EQ(opacity_at(render_outline(labels, 1, {.height = 100, .inner_label = 0}), 40, 50), 0);
}

TEST(Overlay, LaysPredictionAndReferenceUponTheImage) {
  LabelMap prediction = labels_of(), reference = labels_of();
  fill(prediction, {4, 2, 1}, {8, 8, 2}, 1);
  fill(reference, {10, 2, 1}, {16, 8, 2}, 1);
  Volume image = grey_of(0);
  image.voxels[0] = 1;
  const Picture picture = render_axial(image, &prediction, &reference, 1, kOptions);
  EXPECT_EQ(rgb_at(picture, 30, 50), (Rgb{213 * 115 / 255, 94 * 115 / 255, 0}));  // vermilion at 0.45 on black
  EXPECT_EQ(rgb_at(picture, 50, 50), (Rgb{255, 255, 255}));                       // outline at voxel 10
  EXPECT_EQ(rgb_at(picture, 65, 50), (Rgb{0, 0, 0}));
  EXPECT_EQ(rgb_at(render_axial(image, nullptr, nullptr, 1, kOptions), 30, 50), (Rgb{0, 0, 0}));
}

TEST(Overlay, WindowIsSetByPercentilesAndSurvivesNonsense) {
  Volume image = grey_of(0);
  for (std::size_t n = 0; n < image.voxels.size(); ++n) image.voxels[n] = static_cast<float>(n % 101);
  image.voxels[5] = std::numeric_limits<float>::quiet_NaN();
  image.voxels[6] = std::numeric_limits<float>::infinity();
  const Picture picture = render_grey(image, 0, {.height = 100, .low_percentile = 25, .high_percentile = 75});
  EXPECT_EQ(*std::min_element(picture.bytes.begin(), picture.bytes.end()), 0);
  EXPECT_EQ(*std::max_element(picture.bytes.begin(), picture.bytes.end()), 255);
  const Volume nothing = grey_of(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(rgb_at(render_grey(nothing, 0, kOptions), 50, 50)[0], 0);
}

TEST(Overlay, ChoosesTheSliceWithMostLabels) {
  LabelMap labels = labels_of();
  fill(labels, {0, 0, 1}, {2, 2, 2}, 1);
  fill(labels, {0, 0, 3}, {5, 2, 4}, 2);
  EXPECT_EQ(best_axial_slice(labels), 3U);
  EXPECT_EQ(best_axial_slice(orient(labels, "LPI")), 3U) << "counted from the feet, however it is stored";
  EXPECT_EQ(best_axial_slice(labels_of()), 2U) << "the middle of an empty map";
}

TEST(Overlay, RefusesLabelsOnAnotherGridAndSlicesThatDoNotExist) {
  const Volume image = grey_of(1);
  Geometry moved = kGrid;
  moved.origin_mm[0] += 1;
  const LabelMap elsewhere = labels_of(moved);
  EXPECT_NE(test::refusal(ErrorCode::kMismatch, [&] { render_axial(image, &elsewhere, nullptr, 0); }).find("different grids"),
            std::string::npos);
  EXPECT_NE(test::refusal(ErrorCode::kNotFound, [&] { render_grey(image, 4); }).find("no slice 4, the image has 4"),
            std::string::npos);
  test::refusal(ErrorCode::kUsage, [&] { render_grey(image, 0, {.height = 0}); });
  test::refusal(ErrorCode::kUsage, [&] { render_grey(image, 0, {.height = 100000}); });
}

TEST(Overlay, ColoursOfTheLegendAreThoseOfThePicture) {
  EXPECT_EQ(label_colour(1), "#d55e00");
  EXPECT_EQ(label_colour(2), "#009e73");
  EXPECT_EQ(label_colour(3), "#f0e442");
}

}  // namespace
}  // namespace consilium::imaging
