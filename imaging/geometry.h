#pragma once

#include <array>
#include <cstddef>

namespace consilium {

using Size3 = std::array<std::size_t, 3>;
using Index3 = std::array<std::ptrdiff_t, 3>;
using Vec3 = std::array<double, 3>;
using Matrix3 = std::array<std::array<double, 3>, 3>;  ///< row major: m[row][column]

inline constexpr Matrix3 kIdentity3{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

/// Where the voxels of a grid lie in the patient.
///
/// Physical space is LPS in millimetres (x to the patient's left, y to the back, z to the head). `origin_mm` is the centre of
/// voxel (0, 0, 0); column c of `direction` is the unit vector along index axis c, so
///   position = origin + direction * (spacing .* index).
/// Index order is (i, j, k), i fastest in memory: offset = i + size[0] * (j + size[1] * k).
struct Geometry {
  Size3 size{0, 0, 0};            ///< voxels
  Vec3 spacing_mm{1, 1, 1};       ///< > 0
  Vec3 origin_mm{0, 0, 0};
  Matrix3 direction = kIdentity3; ///< orthonormal, determinant +1 or -1

  bool operator==(const Geometry&) const = default;
};

inline std::size_t voxel_count(const Geometry& g) { return g.size[0] * g.size[1] * g.size[2]; }
inline std::size_t offset_of(const Size3& size, std::size_t i, std::size_t j, std::size_t k) { return i + size[0] * (j + size[1] * k); }

/// Continuous index -> LPS millimetres.
Vec3 to_position_mm(const Geometry& geometry, const Vec3& index);
/// LPS millimetres -> continuous index.
Vec3 to_index(const Geometry& geometry, const Vec3& position_mm);

/// Sizes equal, and every corner within `tolerance_mm` of the other grid's: the same voxels for all practical purposes.
bool same_grid(const Geometry& a, const Geometry& b, double tolerance_mm = 1e-3);

/// @throws Error{kCorruptData} a size of 0, a spacing that is not positive and finite, or a direction that is not orthonormal.
void validate(const Geometry& geometry);

}  // namespace consilium
