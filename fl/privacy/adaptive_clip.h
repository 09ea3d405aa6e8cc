#pragma once

#include <cstdint>

#include "base/settings.h"

namespace consilium::fl {

/// A clip that follows a quantile of the updates' norms. Source: Andrew et al. 2021 (arXiv:1905.03871), section 3.
///
/// Each site tells one bit, b = 1 where its norm is at most the clip. Their sum gets noise of deviation `count_noise`, and
///
///     C <- C e^(-learning_rate (mean b + noise / n - quantile))
///
/// so that C grows while everything is clipped. The bits cost privacy: the noise on the updates is z_delta = (z^-2 - (2 count_noise)^-2)^(-1/2)
/// instead of z, and both together cost what z alone did.
struct AdaptiveClip {
  double initial = 0.1;        ///< C in the first round
  double learning_rate = 0.2;
  double quantile = 0.5;       ///< of the norms that C goes for
  double count_noise = 0;      ///< standard deviation of the noise on the sum of bits; 0: a twentieth of the sites

  bool operator==(const AdaptiveClip&) const = default;
};
void read_adaptive_clip(SettingsReader& reader, AdaptiveClip& settings);
Json to_json(const AdaptiveClip& settings);
/// @throws Error{kUsage} naming the field below `path`.
void validate(const AdaptiveClip& settings, const std::string& path = "adaptive_clip");

double count_noise_of(const AdaptiveClip& settings, std::int64_t sites);

/// The next round's clip; `noisy_count`: the sum of bits with its noise, any finite number. Moves by at most a factor e either way.
double next_clip(double clip, double noisy_count, std::int64_t sites, const AdaptiveClip& settings);

/// z_delta. @throws Error{kUsage} count_noise <= z / 2: the bits alone would cost more than z allows.
double noise_multiplier_beside_count(double noise_multiplier, double count_noise);

}  // namespace consilium::fl
