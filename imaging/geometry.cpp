#include "imaging/geometry.h"

#include <cmath>
#include <string>

#include "base/error.h"

namespace consilium {

Vec3 to_position_mm(const Geometry& g, const Vec3& index) {
  Vec3 position = g.origin_mm;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) position[r] += g.direction[r][c] * g.spacing_mm[c] * index[c];
  return position;
}

Vec3 to_index(const Geometry& g, const Vec3& position_mm) {
  Vec3 index{0, 0, 0};
  // The direction is orthonormal: its inverse is its transpose.
  for (int c = 0; c < 3; ++c) {
    for (int r = 0; r < 3; ++r) index[c] += g.direction[r][c] * (position_mm[r] - g.origin_mm[r]);
    index[c] /= g.spacing_mm[c];
  }
  return index;
}

bool same_grid(const Geometry& a, const Geometry& b, double tolerance_mm) {
  if (a.size != b.size) return false;
  for (int corner = 0; corner < 8; ++corner) {
    Vec3 index;
    for (int axis = 0; axis < 3; ++axis) index[axis] = (corner >> axis & 1) != 0 ? static_cast<double>(a.size[axis]) - 1 : 0.0;
    const Vec3 p = to_position_mm(a, index);
    const Vec3 q = to_position_mm(b, index);
    // Written so that a NaN is a difference.
    if (!(std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) <= tolerance_mm)) return false;
  }
  return true;
}

void validate(const Geometry& g) {
  constexpr double kOrthonormal = 1e-3;  // single-precision headers, rotations composed by scanners
  for (int axis = 0; axis < 3; ++axis) {
    require(g.size[axis] > 0, ErrorCode::kCorruptData, "image size along axis " + std::to_string(axis) + " is 0");
    require(std::isfinite(g.spacing_mm[axis]) && g.spacing_mm[axis] > 0, ErrorCode::kCorruptData,
            "voxel spacing along axis " + std::to_string(axis) + " is " + std::to_string(g.spacing_mm[axis]) + " mm; expected a positive number");
    require(std::isfinite(g.origin_mm[axis]), ErrorCode::kCorruptData, "image origin is not finite");
  }
  for (int a = 0; a < 3; ++a) {
    for (int b = a; b < 3; ++b) {
      double dot = 0;
      for (int r = 0; r < 3; ++r) dot += g.direction[r][a] * g.direction[r][b];
      require(std::abs(dot - (a == b ? 1.0 : 0.0)) <= kOrthonormal, ErrorCode::kCorruptData,
              "image axes " + std::to_string(a) + " and " + std::to_string(b) + " are not orthonormal");
    }
  }
}

}  // namespace consilium
