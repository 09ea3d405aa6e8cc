#include "imaging/geometry.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace consilium {
namespace {

Geometry oblique() {
  const double a = 0.4;
  return {{10, 20, 30}, {0.9, 1.1, 2.5}, {-5, 6, 70}, {{{std::cos(a), -std::sin(a), 0}, {std::sin(a), std::cos(a), 0}, {0, 0, 1}}}};
}

TEST(Geometry, IndexAndPositionAreInverse) {
  const Geometry g = oblique();
  const Vec3 index = to_index(g, to_position_mm(g, {3.25, -1.5, 17}));
  EXPECT_NEAR(index[0], 3.25, 1e-12);
  EXPECT_NEAR(index[1], -1.5, 1e-12);
  EXPECT_NEAR(index[2], 17, 1e-12);
}

TEST(Geometry, PositionFollowsTheDefinition) {
  const Geometry g = oblique();
  const Vec3 p = to_position_mm(g, {2, 3, 4});
  EXPECT_NEAR(p[0], -5 + std::cos(0.4) * 1.8 - std::sin(0.4) * 3.3, 1e-12);
  EXPECT_NEAR(p[1], 6 + std::sin(0.4) * 1.8 + std::cos(0.4) * 3.3, 1e-12);
  EXPECT_NEAR(p[2], 80, 1e-12);
}

TEST(Geometry, GridsThatDifferAtAFarCornerAreNotTheSame) {
  const Geometry g = oblique();
  Geometry stretched = g;
  stretched.spacing_mm[2] *= 1.0001;  // 29 steps of 0.00025 mm: 7 micrometres at the last slice
  EXPECT_TRUE(same_grid(g, g));
  EXPECT_FALSE(same_grid(g, stretched));
  EXPECT_TRUE(same_grid(g, stretched, 0.01));
  stretched.origin_mm[0] = std::nan("");
  EXPECT_FALSE(same_grid(g, stretched, 1e9));
}

TEST(Geometry, ImpossibleGridsAreRefused) {
  const auto code_of = [](Geometry g) {
    try {
      validate(g);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kUnexpected;
  };
  Geometry g = oblique();
  g.size[1] = 0;
  EXPECT_EQ(code_of(g), ErrorCode::kCorruptData);
  g = oblique();
  g.spacing_mm[0] = std::nan("");
  EXPECT_EQ(code_of(g), ErrorCode::kCorruptData);
  g = oblique();
  g.direction[0][0] = 0.5;
  EXPECT_EQ(code_of(g), ErrorCode::kCorruptData);
  EXPECT_NO_THROW(validate(oblique()));
}

}  // namespace
}  // namespace consilium
