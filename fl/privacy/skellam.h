#pragma once

#include <cstdint>

#include "fl/privacy/noise_stream.h"

namespace consilium::fl {

/// Poisson distribution of a given mean, from 0 to 2^60, in expected time independent of it.
///
/// The mean is cut into a whole part m and a rest. The rest is Poisson(1) by whole numbers alone, thinned. For m: rejection from a discrete Laplace around
/// m. Whether a draw is accepted is a comparison of 64 random bits with e^w; w is worked out in double precision with an error bound, and in long
/// double where that leaves it open. What comes out differs from the distribution by less than 2^-55 in total variation on x86-64: for d numbers add d 2^-55
/// to delta. Sources: Devroye 1986, Non-Uniform Random Variate Generation, II.3 (rejection); Loader 2000 (Poisson probabilities without cancellation);
/// Duchon and Duvignau 2016 (arXiv:1507.06846, Poisson(1)).
/// @throws Error{kUsage} a mean out of range.
class Poisson {
 public:
  explicit Poisson(double mean);
  std::int64_t operator()(NoiseStream& stream) const;

 private:
  std::int64_t whole(NoiseStream& stream) const;
  std::int64_t whole_ = 0;       ///< m
  std::uint64_t rest_ = 0;       ///< times 2^64
  std::uint64_t laplace_ = 1;    ///< scale t
  double log_bound_ = 0;         ///< no smaller than |j| / t + ln(p(m + j) / p(m)) for every j
};

/// Difference of two Poisson numbers of mean variance / 2: sums of Skellam numbers are Skellam numbers.
class Skellam {
 public:
  explicit Skellam(double variance) : half_(variance / 2) {}
  std::int64_t operator()(NoiseStream& stream) const;

 private:
  Poisson half_;
};

}  // namespace consilium::fl
