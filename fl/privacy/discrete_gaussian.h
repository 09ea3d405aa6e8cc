#pragma once

#include <cstdint>
#include <span>

#include "fl/privacy/noise_stream.h"

namespace consilium::fl {

/// True with probability e^(-numerator / denominator); whole numbers only, no rounding anywhere. numerator / denominator may be of any size;
/// denominator > 0 and at most 2^112. Source: Canonne, Kamath and Steinke 2020 (arXiv:2004.00010), algorithm 1.
bool bernoulli_exp(Wide numerator, Wide denominator, NoiseStream& stream);

/// P(x) proportional to e^(-|x| / scale), x a whole number; scale from 1 to 2^32. Their algorithm 2; expected time independent of scale.
std::int64_t discrete_laplace(std::uint64_t scale, NoiseStream& stream);

/// P(x) proportional to e^(-x^2 / (2 s^2)), x a whole number: exact, for the s^2 next above deviation^2 in multiples of 2^-48 of the power of two below it.
///
/// Rejection from discrete_laplace (their algorithm 3) in constant expected time. Its variance is at most s^2, and close to it from s = 1 on.
/// Values beyond 128 Laplace scales, to which it would come once in 2^184 draws, are left out. @throws Error{kUsage} a deviation outside 2^-20 to 2^28.
class DiscreteGaussian {
 public:
  explicit DiscreteGaussian(double deviation);
  std::int64_t operator()(NoiseStream& stream) const;

 private:
  Wide variance_ = 0;  ///< s^2 * 2^shift_
  int shift_ = 0;
  std::uint64_t laplace_ = 1;
};

}  // namespace consilium::fl
