#pragma once

#include <span>

#include "base/rng.h"
#include "fl/compress/parts.h"

namespace consilium::fl {

/// Stochastic uniform quantisation to `bits` (2 to 8) bits: unbiased, E[decoded] = x.
///
/// Per block of values, m = max |x| and L = 2^(bits - 1) - 1 steps on each side of 0: q = floor(L x / m + u) with u uniform in
/// [0, 1), and x ~ m q / L. Error below m / L, variance at most (m / L)^2 / 4; 0 stays 0. Source: Alistarh et al. 2017, QSGD
/// (arXiv:1610.02132), section 3.1, with the largest magnitude of a block for the norm (their section 5).
struct StochasticOptions {
  int bits = 4;
  std::size_t block = 1024;  ///< values that share m
};
Parts encode_stochastic(std::span<const float> values, const StochasticOptions& options, Rng& rng);
/// @throws Error{kCorruptData}
void decode_stochastic(PartsView parts, std::span<float> values);

}  // namespace consilium::fl
