#include "fl/privacy/skellam.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fl/privacy/discrete_gaussian.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kFewest = 16;  // below, sums of Poisson(1) are as quick

/// Poisson(1): the number of fixed points of a random permutation that grows without end.
std::int64_t poisson_1(NoiseStream& stream) {
  std::uint64_t n = 1, last = 0;
  std::int64_t k = 1;
  for (;; ++n) {
    const std::uint64_t drawn = stream.below(n + 1);
    if (drawn < n && drawn < last) return k;
    if (drawn == n) {
      ++k;
    } else {
      --k;
      last = n + 1;
    }
  }
}

/// ln(x!) - ln(sqrt(2 pi x) (x / e)^x) for x >= 16: the series has an error below the first term that is left out.
template <typename Real>
Real stirling_rest(Real x) {
  const Real y = 1 / (x * x);
  return (Real(1) / 12 - (Real(1) / 360 - (Real(1) / 1260 - (Real(1) / 1680 - (Real(1) / 1188 - (Real(691) / 360360 - (Real(1) / 156 - Real(3617) / 122400 * y) * y) * y) * y) * y) * y) * y) / x;
}

/// ln(x!) - x ln(m) + m for x = m + j, apart from ln(sqrt(2 pi)): stirling_rest(x) + ln(x) / 2 + x ln(x / m) - j.
template <typename Real>
Real deviance(Real m, Real j) {
  const Real x = m + j, ratio = j / m;
  if (std::abs(ratio) > Real(0.1)) return x * std::log1p(ratio) - j;
  // (1 + r) ln(1 + r) - r = r^2 / 2 - r^3 / 6 + r^4 / 12 - ...
  Real sum = 0, power = ratio;
  for (int k = 2; k < 60; ++k) {
    power *= ratio;
    const Real term = power / Real(k * (k - 1));
    sum += k % 2 == 0 ? term : -term;
    if (std::abs(term) < std::numeric_limits<Real>::epsilon() / 8 * std::abs(sum)) break;
  }
  return m * sum;
}

/// ln(p(m + j) / p(m)) of Poisson(m).
template <typename Real>
Real log_ratio(Real m, Real j) {
  const Real x = m + j;
  if (x < 16) {  // few factors: exactly
    Real sum = 0;
    for (Real i = x + 1; i <= m; ++i) sum += std::log(i / m);
    return sum;
  }
  return stirling_rest(m) - stirling_rest(x) - std::log1p(j / m) / 2 - deviance(m, j);
}

}  // namespace

Poisson::Poisson(double mean) {
  require(mean >= 0 && mean <= 0x1p60, ErrorCode::kUsage, fmt::format("Poisson: expected a mean from 0 to 2^60, found {}", mean));
  whole_ = static_cast<std::int64_t>(std::floor(mean));
  rest_ = static_cast<std::uint64_t>(std::ldexp(mean - std::floor(mean), 64));
  if (whole_ < kFewest) return;
  const auto m = static_cast<double>(whole_);
  laplace_ = static_cast<std::uint64_t>(std::ceil(std::sqrt(m)));
  const auto t = static_cast<double>(laplace_);
  // |j| / t + log_ratio is concave on either side, with its top near |j| = t.
  for (const double sign : {-1.0, 1.0}) {
    double low = 0, high = sign < 0 ? std::min(m, 8 * t) : 8 * t;
    const auto at = [&](double j) { return j / t + log_ratio(m, sign * j); };
    while (high - low > 2) {
      const double a = std::floor(low + (high - low) / 3), b = std::ceil(high - (high - low) / 3);
      if (a + 1 >= b) break;
      (at(a) < at(b) ? low : high) = at(a) < at(b) ? a : b;
    }
    for (double j = low; j <= high; ++j) log_bound_ = std::max(log_bound_, at(j));
  }
  log_bound_ += 1e-7;
}

std::int64_t Poisson::whole(NoiseStream& stream) const {
  const auto m = static_cast<double>(whole_), t = static_cast<double>(laplace_);
  for (;;) {
    const std::int64_t j = discrete_laplace(laplace_, stream);
    const std::uint64_t bits = stream.next();
    if (whole_ + j < 0) continue;
    const double magnitude = std::abs(static_cast<double>(j));
    const double power = magnitude / t + log_ratio(m, static_cast<double>(j)) - log_bound_, threshold = std::exp(power) * 0x1p64;
    const double drawn = static_cast<double>(bits);
    // Errors of a part in 2^50 of each term of the exponent, and of the conversions.
    const double open = threshold * (1 + magnitude / t + std::abs(power)) * 0x1p-48 + 0x1p14;
    if (drawn < threshold - open) return whole_ + j;
    if (drawn > threshold + open) continue;
    using Real = long double;
    const Real fine = std::exp(static_cast<Real>(std::abs(j)) / static_cast<Real>(laplace_) + log_ratio<Real>(static_cast<Real>(whole_), static_cast<Real>(j)) - static_cast<Real>(log_bound_));
    if (static_cast<Real>(bits) < fine * 0x1p64L) return whole_ + j;
  }
}

std::int64_t Poisson::operator()(NoiseStream& stream) const {
  std::int64_t sum = 0;
  if (whole_ >= kFewest) sum = whole(stream);
  else
    for (std::int64_t n = 0; n < whole_; ++n) sum += poisson_1(stream);
  if (rest_ != 0)
    for (std::int64_t n = poisson_1(stream); n > 0; --n) sum += stream.next() < rest_ ? 1 : 0;
  return sum;
}

std::int64_t Skellam::operator()(NoiseStream& stream) const {
  const std::int64_t one = half_(stream);
  return one - half_(stream);
}

}  // namespace consilium::fl
