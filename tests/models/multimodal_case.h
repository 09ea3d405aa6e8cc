#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "models/fit.h"

namespace consilium::test {

/// CT, PET and a two-channel MR, as small as it gets.
inline models::UNetOptions small_network() {
  models::UNetOptions options{.in_channels = 4, .out_channels = 2, .filters = {4, 8, 16}};
  options.multimodal.modalities = {{"CT", 1}, {"PET", 1}, {"MR", 2}};
  return options;
}

/// Channels of the modalities that are there.
inline std::vector<bool> channels(bool ct, bool pet, bool mr) { return {ct, pet, mr, mr}; }

/// A ball in noise: bright in CT and PET, dark in MR, each with a noise of its own; absent channels hold `absent`.
inline models::TrainingCase ball(std::uint64_t seed, const std::vector<bool>& present = {}, float absent = 0, double radius = 4) {
  Rng rng(seed);
  models::TrainingCase sample{"ball " + std::to_string(seed), 4, {16, 16, 16}, std::vector<float>(4 * 4096), std::vector<std::uint8_t>(4096), {}, present};
  const double centre[3] = {rng.uniform(5, 11), rng.uniform(5, 11), rng.uniform(5, 11)};
  const double contrast[4] = {1.5, 1.2, -1.5, -1};
  for (int n = 0; n < 4096; ++n) {
    const double d = n / 256 - centre[0], h = n / 16 % 16 - centre[1], w = n % 16 - centre[2];
    const bool inside = d * d + h * h + w * w < radius * radius;
    sample.labels[static_cast<std::size_t>(n)] = inside ? 1 : 0;
    for (int c = 0; c < 4; ++c) {
      const double value = (inside ? contrast[c] : 0) + rng.normal(0, 0.5);
      sample.image[static_cast<std::size_t>(c * 4096 + n)] = present.empty() || present[static_cast<std::size_t>(c)] ? static_cast<float>(value) : absent;
    }
  }
  return sample;
}

/// With anchors, as a federation's model comes after a round.
inline models::Segmenter started(const models::UNetOptions& options) {
  models::Segmenter segmenter(options, Rng(3));
  ModelState state = segmenter.state();
  Rng rng(9);
  for (NamedTensor& tensor : state.tensors)
    if (tensor.name.starts_with("anchors."))
      for (float& value : tensor.values) value = static_cast<float>(rng.normal());
  segmenter.load(state);
  return segmenter;
}

}  // namespace consilium::test
