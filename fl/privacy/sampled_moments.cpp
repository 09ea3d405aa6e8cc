#include "fl/privacy/sampled_moments.h"

#include <algorithm>
#include <numbers>

namespace consilium::fl {
namespace {

/// ln((1 + u)^alpha - 1 - alpha u) for u > -1, alpha > 1.
double log_excess_power(double u, double alpha) {
  if (u == 0) return -std::numeric_limits<double>::infinity();
  if (std::abs(u) * alpha < 0.05) {  // the binomial series from its second term on: the closed form would cancel
    double term = alpha * (alpha - 1) / 2 * u * u, sum = 0;
    for (double k = 2; k < 40 && std::abs(term) > 1e-18 * std::abs(sum); ++k) {
      sum += term;
      term *= (alpha - k) / (k + 1) * u;
    }
    return std::log(sum);
  }
  const double power = alpha * std::log1p(u);
  if (power < 1) return std::log(std::expm1(power) - alpha * u);
  return power + std::log1p(-(1 + alpha * u) * std::exp(-power));
}

}  // namespace

double trapezoid_step(double s) { return std::min(s, s * s) / 4; }

std::vector<double> trapezoid_points(double s, std::vector<double> centres) {
  std::sort(centres.begin(), centres.end());
  const double step = trapezoid_step(s);
  std::vector<double> points;
  double next = -std::numeric_limits<double>::infinity();
  for (const double centre : centres)
    for (double k = std::max(next, std::floor((centre - 12 * s) / step)); k * step <= centre + 12 * s; next = ++k) points.push_back(k * step);
  return points;
}

double log_excess_moment(double s, double q, double alpha) {
  // Where u is about 1; there the integrand turns from u^2 to u^alpha.
  const double turn = s * s * -std::log(q) + 0.5;
  LogSum sum;
  for (const double x : trapezoid_points(s, {0, 1, 2, alpha, std::clamp(turn, 0.0, std::max(2.0, alpha))})) {
    const double exponent = (2 * x - 1) / (2 * s * s);
    const double gauss = -x * x / (2 * s * s);
    // e^exponent may overflow where the Gaussian does not: there (1 + u)^alpha is all that counts.
    if (exponent > 600) sum.add(gauss + alpha * (exponent + std::log(q)));
    else sum.add(gauss + log_excess_power(q * std::expm1(exponent), alpha));
  }
  return sum.value() + std::log(trapezoid_step(s) / (s * std::sqrt(2 * std::numbers::pi)));
}

}  // namespace consilium::fl
