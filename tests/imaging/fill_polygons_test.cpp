#include "imaging/ops/fill_polygons.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

namespace consilium::imaging {
namespace {

std::vector<std::uint8_t> filled(const std::vector<Polygon2>& polygons, std::size_t columns, std::size_t rows) {
  std::vector<std::uint8_t> pixels(columns * rows);
  fill_polygons(polygons, columns, rows, pixels);
  return pixels;
}

std::size_t count(const std::vector<std::uint8_t>& pixels) { return std::accumulate(pixels.begin(), pixels.end(), std::size_t{0}); }

Polygon2 square(double from, double to) { return {{from, from}, {to, from}, {to, to}, {from, to}}; }

TEST(FillPolygons, TakesPixelsWhoseCentreIsInside) {
  const auto pixels = filled({{{0.6, 0.6}, {3.4, 0.6}, {3.4, 2.4}, {0.6, 2.4}}}, 5, 4);
  const std::vector<std::uint8_t> expected{0, 0, 0, 0, 0,  //
                                           0, 1, 1, 1, 0,  //
                                           0, 1, 1, 1, 0,  //
                                           0, 0, 0, 0, 0};
  EXPECT_EQ(pixels, expected);
}

TEST(FillPolygons, APolygonWithinAnotherIsAHole) {
  EXPECT_EQ(count(filled({square(0.5, 8.5)}, 10, 10)), 64U);
  EXPECT_EQ(count(filled({square(0.5, 8.5), square(2.5, 5.5)}, 10, 10)), 64U - 9U);
  // And what lies in the hole is inside again.
  EXPECT_EQ(count(filled({square(0.5, 8.5), square(2.5, 5.5), square(3.5, 4.5)}, 10, 10)), 64U - 9U + 1U);
}

TEST(FillPolygons, AKeyholeIsAHole) {
  // One line: around, in along a cut, around the hole, and out along the same cut.
  const Polygon2 keyhole{{0.5, 0.5}, {8.5, 0.5}, {8.5, 8.5}, {0.5, 8.5}, {0.5, 4}, {2.5, 4}, {2.5, 5.5}, {5.5, 5.5}, {5.5, 2.5}, {2.5, 2.5}, {2.5, 4}, {0.5, 4}};
  EXPECT_EQ(count(filled({keyhole}, 10, 10)), 64U - 9U);
}

TEST(FillPolygons, NeighboursShareNoPixelAndLeaveNone) {
  // Edges run through pixel centres.
  const auto left = filled({{{0, 0}, {3, 0}, {5, 6}, {0, 6}}}, 8, 7), right = filled({{{3, 0}, {7, 0}, {7, 6}, {5, 6}}}, 8, 7);
  for (std::size_t n = 0; n < left.size(); ++n) EXPECT_LE(left[n] + right[n], 1) << n;
  EXPECT_EQ(count(left) + count(right), 42U);
}

TEST(FillPolygons, ADiscHasTheAreaOfACircleInEitherDirection) {
  constexpr double kRadius = 60;
  Polygon2 circle;
  for (int n = 0; n < 720; ++n) {
    const double angle = n * std::numbers::pi / 360;
    circle.push_back({100 + kRadius * std::cos(angle), 90 + kRadius * std::sin(angle)});
  }
  const auto pixels = filled({circle}, 200, 180);
  // Gauss's circle problem: the count differs from the area by far less than the length of the line.
  EXPECT_NEAR(static_cast<double>(count(pixels)), std::numbers::pi * kRadius * kRadius, 40);
  const Polygon2 reversed(circle.rbegin(), circle.rend());
  EXPECT_EQ(filled({reversed}, 200, 180), pixels);
}

TEST(FillPolygons, WhatLiesOutsideIsCutOff) {
  EXPECT_EQ(count(filled({{{-1e6, -1e6}, {1e6, -1e6}, {1e6, 1e6}, {-1e6, 1e6}}}, 7, 5)), 35U);
  EXPECT_EQ(count(filled({square(20, 30)}, 7, 5)), 0U);
  EXPECT_EQ(count(filled({{{1, 1}}, {}, {{1, 1}, {2, 2}}}, 7, 5)), 0U);
}

}  // namespace
}  // namespace consilium::imaging
