#pragma once

#include <cstdint>
#include <vector>

#include "imaging/geometry.h"

namespace consilium {

using Label = std::uint8_t;

/// One label per voxel; 0 is background. What the numbers mean is said by a LabelScheme.
struct LabelMap {
  Geometry geometry;
  std::vector<Label> labels;  ///< voxel_count(geometry) values, i fastest

  bool operator==(const LabelMap&) const = default;
};

}  // namespace consilium
