#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace consilium::fl {

/// Releases of a sum with Gaussian noise, each over a fresh Poisson sample: every unit is in it with probability `sampling_rate`, whoever else is.
///
/// Adjacency: one unit (a patient, or a hospital) added or removed. A unit moves the sum by at most C (clipping); the noise's standard
/// deviation is noise_multiplier * C per coordinate.
struct SampledGaussian {
  double noise_multiplier = 1;
  double sampling_rate = 1;  ///< [0, 1]; 1: everybody, always
  std::int64_t steps = 1;

  bool operator==(const SampledGaussian&) const = default;
};

/// @throws Error{kUsage} noise_multiplier outside 0.01 to 1e6, sampling_rate outside [0, 1], steps outside 0 to 1e9.
void validate(const SampledGaussian& releases);
/// @throws Error{kUsage} unless 0 < delta < 1.
void validate_delta(double delta);

/// Phases of equal noise and rate become one; phases that release nothing (no steps, or nobody sampled) are left out.
std::vector<SampledGaussian> merged(std::span<const SampledGaussian> phases);

}  // namespace consilium::fl
