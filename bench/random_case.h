#pragma once

#include "base/rng.h"
#include "models/training_case.h"

namespace consilium::bench {

/// A cube of `size` voxels along each axis with four channels of noise and labels of four classes.
inline models::TrainingCase random_case(std::int64_t size) {
  models::TrainingCase sample{"bench", 4, {size, size, size}, {}, {}};
  Rng rng(1);
  const std::int64_t voxels = size * size * size;
  for (std::int64_t n = 0; n < 4 * voxels; ++n) sample.image.push_back(static_cast<float>(rng.normal()));
  for (std::int64_t n = 0; n < voxels; ++n) sample.labels.push_back(static_cast<std::uint8_t>(rng.below(4)));
  return sample;
}

}  // namespace consilium::bench
