#include "fl/privacy/gaussian.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr int kHalvings = 200;  // more than a double has bits: a search ends where two doubles meet

}  // namespace

double scaled_erfc(double x) {
  if (x < 20) return std::exp(x * x) * std::erfc(x);
  // Asymptotic series (Abramowitz and Stegun 7.1.23): at x = 20 the sixth term is below 1e-13 of the sum.
  const double y = 1 / (2 * x * x);
  return (1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y))))) / (x * std::sqrt(std::numbers::pi));
}

double normal_interval(double a, double b) {
  if (a > 0) return normal_interval(-b, -a);
  return 0.5 * (std::erfc(-b / std::numbers::sqrt2) - std::erfc(-a / std::numbers::sqrt2));
}

double gaussian_delta(double epsilon, double mu) {
  // With a = epsilon / mu - mu / 2 and b = epsilon / mu + mu / 2: b^2 - a^2 = 2 epsilon, so both terms share the factor e^(-a^2 / 2).
  const double a = epsilon / mu - mu / 2, b = epsilon / mu + mu / 2;
  const double second = 0.5 * std::exp(-a * a / 2) * scaled_erfc(b / std::numbers::sqrt2);
  if (a <= 0) return 0.5 * std::erfc(a / std::numbers::sqrt2) - second;
  return 0.5 * std::exp(-a * a / 2) * (scaled_erfc(a / std::numbers::sqrt2) - scaled_erfc(b / std::numbers::sqrt2));
}

double gaussian_epsilon(double delta, double mu) {
  validate_delta(delta);
  require(std::isfinite(mu) && mu >= 0, ErrorCode::kUsage, fmt::format("mu: expected a number of at least 0, found {}", mu));
  if (mu == 0 || gaussian_delta(0, mu) <= delta) return 0;
  double low = 0, high = 1;
  while (gaussian_delta(high, mu) > delta) low = high, high *= 2;
  for (int n = 0; n < kHalvings; ++n) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (gaussian_delta(middle, mu) > delta ? low : high) = middle;
  }
  return high;
}

double gaussian_noise_multiplier(double epsilon, double delta) {
  validate_delta(delta);
  require(std::isfinite(epsilon) && epsilon > 0, ErrorCode::kUsage, fmt::format("epsilon: expected above 0, found {}", epsilon));
  double low = 0, high = 1;
  while (gaussian_delta(epsilon, 1 / high) > delta) low = high, high *= 2;
  for (int n = 0; n < kHalvings; ++n) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (gaussian_delta(epsilon, 1 / middle) > delta ? low : high) = middle;
  }
  return high;
}

double central_limit_mu(const SampledGaussian& r) {
  validate(r);
  return r.sampling_rate * std::sqrt(static_cast<double>(r.steps) * std::expm1(1 / (r.noise_multiplier * r.noise_multiplier)));
}

}  // namespace consilium::fl
