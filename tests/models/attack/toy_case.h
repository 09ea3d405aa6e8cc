#pragma once

#include <cmath>

#include "base/rng.h"
#include "models/attack/victim.h"
#include "models/training_case.h"

namespace consilium::models::test {

/// A "brain" with texture of its own and a bright ball of tumour somewhere in it, along each axis `size` voxels.
struct ToyImage {
  std::vector<float> image;
  std::vector<std::uint8_t> labels;
};

inline ToyImage toy_image(std::uint64_t seed, std::int64_t size) {
  Rng rng(seed);
  const double phase[3] = {rng.uniform(0, 6.28), rng.uniform(0, 6.28), rng.uniform(0, 6.28)}, wave[3] = {rng.uniform(2, 5), rng.uniform(2, 5), rng.uniform(2, 5)};
  const double middle[3] = {rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4)};
  ToyImage toy;
  for (std::int64_t n = 0; n < size * size * size; ++n) {
    const std::int64_t at[3] = {n / size / size, n / size % size, n % size};
    double texture = 0, distance = 0;
    for (int axis = 0; axis < 3; ++axis) {
      const double x = 2.0 * static_cast<double>(at[axis]) / static_cast<double>(size - 1) - 1;
      texture += 0.5 * std::sin(wave[axis] * x + phase[axis]);
      distance += (x - middle[axis]) * (x - middle[axis]);
    }
    const bool tumour = distance < 0.16;
    toy.image.push_back(static_cast<float>((tumour ? 1.8 : texture) + rng.normal(0, 0.03)));
    toy.labels.push_back(tumour ? 1 : 0);
  }
  return toy;
}

inline VictimPatch toy_patch(std::uint64_t seed, std::int64_t size = 16) {
  ToyImage toy = toy_image(seed, size);
  return {std::move(toy.image), std::move(toy.labels)};
}

inline TrainingCase toy_case(std::uint64_t seed, std::int64_t size = 20) {
  ToyImage toy = toy_image(seed, size);
  return {"toy", 1, {size, size, size}, std::move(toy.image), std::move(toy.labels), {}};
}

}  // namespace consilium::models::test
