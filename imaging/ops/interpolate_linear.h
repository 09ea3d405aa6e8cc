#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// Between the eight voxels round an index; beyond the outermost centres the value at them. A neighbour of weight 0 has no part: its NaN must not spread.
inline double interpolate_linear(const std::vector<float>& values, const Size3& size, const Vec3& at) {
  std::array<std::size_t, 3> low, high;
  Vec3 weight;
  for (int r = 0; r < 3; ++r) {
    const double x = std::clamp(at[r], 0.0, static_cast<double>(size[r]) - 1);
    low[r] = static_cast<std::size_t>(x);
    high[r] = std::min(low[r] + 1, size[r] - 1);
    weight[r] = x - static_cast<double>(low[r]);
  }
  double sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double w = 1;
    Size3 index;
    for (int r = 0; r < 3; ++r) {
      const bool up = (corner >> r & 1) != 0;
      w *= up ? weight[r] : 1 - weight[r];
      index[r] = up ? high[r] : low[r];
    }
    if (w != 0) sum += w * values[offset_of(size, index[0], index[1], index[2])];
  }
  return sum;
}

}  // namespace consilium::imaging
