#pragma once

#include "imaging/geometry.h"

namespace consilium::imaging {

/// A turn and a shift: position in one space -> rotation * position + shift in another. LPS millimetres.
struct RigidTransform {
  Matrix3 rotation = kIdentity3;  ///< orthonormal, determinant 1
  Vec3 shift_mm{0, 0, 0};

  bool operator==(const RigidTransform&) const = default;
};

Vec3 transformed(const RigidTransform& transform, const Vec3& position_mm);
RigidTransform inverse(const RigidTransform& transform);

/// A turn about `centre_mm` by angles about the axes x, then y, then z, and a shift after it.
RigidTransform turned(const Vec3& radians, const Vec3& centre_mm, const Vec3& shift_mm);

/// The grid with each voxel at the transformed place: an image is moved without being interpolated.
Geometry placed(const Geometry& geometry, const RigidTransform& transform);

/// Angle of the turn, 0 to 180.
double rotation_degrees(const RigidTransform& transform);

}  // namespace consilium::imaging
