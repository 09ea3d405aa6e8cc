#pragma once

#include <array>
#include <cstdint>

#include "base/rng.h"
#include "imaging/geometry.h"

namespace consilium::imaging {

/// Smooth random function of space: gradient noise, about [-1, 1], zero mean, features of one unit.
///
/// Source: K. Perlin, Improving noise, SIGGRAPH 2002 (doi:10.1145/566654.566636). The permutation is drawn from `rng`.
class SmoothNoise {
 public:
  explicit SmoothNoise(Rng rng);

  /// Value at `p`, in units of the feature size.
  double operator()(double x, double y, double z) const;
  /// Value at a position in mm with features of `feature_mm`.
  double at(const Vec3& position_mm, double feature_mm) const {
    return (*this)(position_mm[0] / feature_mm, position_mm[1] / feature_mm, position_mm[2] / feature_mm);
  }

 private:
  std::array<std::uint8_t, 512> permutation_;
};

}  // namespace consilium::imaging
