#pragma once

#include <vector>

#include "imaging/geometry.h"

namespace consilium {

/// A scalar image. The unit of the values is said by whoever makes it (HU, SUV g/ml, arbitrary MR signal).
struct Volume {
  Geometry geometry;
  std::vector<float> voxels;  ///< voxel_count(geometry) values, i fastest

  bool operator==(const Volume&) const = default;
};

}  // namespace consilium
