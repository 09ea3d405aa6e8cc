#include "imaging/ops/rigid_transform.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace consilium::imaging {
namespace {

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 result{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t n = 0; n < 3; ++n) result[r][c] += a[r][n] * b[n][c];
  return result;
}

Vec3 product(const Matrix3& m, const Vec3& v) {
  Vec3 result{};
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) result[r] += m[r][c] * v[c];
  return result;
}

}  // namespace

Vec3 transformed(const RigidTransform& t, const Vec3& position_mm) {
  Vec3 result = product(t.rotation, position_mm);
  for (std::size_t a = 0; a < 3; ++a) result[a] += t.shift_mm[a];
  return result;
}

RigidTransform inverse(const RigidTransform& t) {
  RigidTransform result;
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) result.rotation[r][c] = t.rotation[c][r];
  result.shift_mm = product(result.rotation, t.shift_mm);
  for (double& shift : result.shift_mm) shift = -shift;
  return result;
}

RigidTransform turned(const Vec3& radians, const Vec3& centre_mm, const Vec3& shift_mm) {
  const auto [cx, cy, cz] = Vec3{std::cos(radians[0]), std::cos(radians[1]), std::cos(radians[2])};
  const auto [sx, sy, sz] = Vec3{std::sin(radians[0]), std::sin(radians[1]), std::sin(radians[2])};
  const Matrix3 x{{{1, 0, 0}, {0, cx, -sx}, {0, sx, cx}}}, y{{{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}}}, z{{{cz, -sz, 0}, {sz, cz, 0}, {0, 0, 1}}};
  RigidTransform result{product(z, product(y, x)), {}};
  const Vec3 centre = product(result.rotation, centre_mm);
  for (std::size_t a = 0; a < 3; ++a) result.shift_mm[a] = centre_mm[a] - centre[a] + shift_mm[a];
  return result;
}

Geometry placed(const Geometry& geometry, const RigidTransform& transform) {
  Geometry result = geometry;
  result.direction = product(transform.rotation, geometry.direction);
  result.origin_mm = transformed(transform, geometry.origin_mm);
  return result;
}

double rotation_degrees(const RigidTransform& t) {
  const double trace = t.rotation[0][0] + t.rotation[1][1] + t.rotation[2][2];
  return std::acos(std::clamp((trace - 1) / 2, -1.0, 1.0)) * 180 / std::numbers::pi;
}

}  // namespace consilium::imaging
