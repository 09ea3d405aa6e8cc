#include "fl/privacy/discrete_gaussian.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// True with probability e^(-numerator / denominator), for a quotient of at most 1: the number K of draws until Bernoulli(x / K) fails is odd with
/// that probability.
bool bernoulli_exp_below_1(Wide numerator, Wide denominator, NoiseStream& stream) {
  for (std::uint64_t k = 1;; ++k)
    if (stream.below(denominator * k) >= numerator) return k % 2 == 1;
}

}  // namespace

bool bernoulli_exp(Wide numerator, Wide denominator, NoiseStream& stream) {
  for (; numerator > denominator; numerator -= denominator)
    if (!bernoulli_exp_below_1(1, 1, stream)) return false;
  return bernoulli_exp_below_1(numerator, denominator, stream);
}

std::int64_t discrete_laplace(std::uint64_t scale, NoiseStream& stream) {
  for (;;) {
    const std::uint64_t low = stream.below(scale);
    if (!bernoulli_exp(low, scale, stream)) continue;
    std::uint64_t high = 0;
    while (bernoulli_exp_below_1(1, 1, stream)) ++high;
    const auto magnitude = static_cast<std::int64_t>(low + scale * high);
    const bool negative = stream.coin();
    if (negative && magnitude == 0) continue;
    return negative ? -magnitude : magnitude;
  }
}

DiscreteGaussian::DiscreteGaussian(double deviation) {
  require(deviation >= 0x1p-20 && deviation <= 0x1p28, ErrorCode::kUsage, fmt::format("discrete Gaussian: expected a deviation from 2^-20 to 2^28, found {}", deviation));
  // |x| t is below 2^7 t^2, and t at most 2^28: every product below stays within 128 bits.
  const double variance = deviation * deviation;
  shift_ = std::clamp(47 - std::ilogb(variance), 0, 48);
  variance_ = static_cast<Wide>(std::ceil(std::ldexp(variance, shift_)));
  laplace_ = static_cast<std::uint64_t>(std::floor(deviation)) + 1;
}

std::int64_t DiscreteGaussian::operator()(NoiseStream& stream) const {
  const Wide scaled = static_cast<Wide>(laplace_) << shift_;
  const Wide denominator = 2 * variance_ * laplace_ * scaled;
  for (;;) {
    const std::int64_t x = discrete_laplace(laplace_, stream);
    const auto magnitude = static_cast<Wide>(x < 0 ? -x : x);
    if (magnitude > (static_cast<Wide>(laplace_) << 7)) continue;
    // Accepted with probability e^(-(|x| - s^2 / t)^2 / (2 s^2)), t: the Laplace scale; both times t 2^shift.
    const Wide product = magnitude * scaled, distance = product > variance_ ? product - variance_ : variance_ - product;
    if (bernoulli_exp(distance * distance, denominator, stream)) return x;
  }
}

}  // namespace consilium::fl
