#include "fl/privacy/mechanism.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace consilium::fl {

void validate(const SampledGaussian& r) {
  // Below 0.01 epsilon is beyond 5000: no guarantee that anybody would state.
  require(r.noise_multiplier >= 0.01 && r.noise_multiplier <= 1e6, ErrorCode::kUsage, fmt::format("noise multiplier: expected 0.01 to 1e6, found {}", r.noise_multiplier));
  require(r.sampling_rate >= 0 && r.sampling_rate <= 1, ErrorCode::kUsage, fmt::format("sampling rate: expected 0 to 1, found {}", r.sampling_rate));
  require(r.steps >= 0 && r.steps <= 1000000000, ErrorCode::kUsage, fmt::format("steps: expected 0 to 1000000000, found {}", r.steps));
}

void validate_delta(double delta) { require(delta > 0 && delta < 1, ErrorCode::kUsage, fmt::format("delta: expected above 0 and below 1, found {}", delta)); }

std::vector<SampledGaussian> merged(std::span<const SampledGaussian> phases) {
  std::vector<SampledGaussian> result;
  for (const SampledGaussian& phase : phases) {
    validate(phase);
    if (phase.steps == 0 || phase.sampling_rate == 0) continue;
    const auto same = std::find_if(result.begin(), result.end(), [&](const SampledGaussian& p) { return p.noise_multiplier == phase.noise_multiplier && p.sampling_rate == phase.sampling_rate; });
    if (same == result.end()) result.push_back(phase);
    else same->steps += phase.steps;
  }
  return result;
}

}  // namespace consilium::fl
