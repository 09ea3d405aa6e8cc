#pragma once

#include <cmath>

#include "imaging/geometry.h"

namespace consilium {

inline double dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
inline double length_of(const Vec3& v) { return std::hypot(v[0], v[1], v[2]); }

}  // namespace consilium
