#include "fl/privacy/loss_distribution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fl/privacy/gaussian.h"
#include "fl/privacy/sampled_moments.h"

namespace consilium::fl {
namespace {

/// ln(1 - q + q e^((2x - 1) / (2 s^2))), the loss of kRemove at x.
double log_ratio(const SampledGaussian& r, double x) {
  const double exponent = (2 * x - 1) / (2 * r.noise_multiplier * r.noise_multiplier);
  if (r.sampling_rate == 1) return exponent;
  if (exponent > 30) return exponent + std::log(r.sampling_rate) + std::log1p((1 - r.sampling_rate) / r.sampling_rate * std::exp(-exponent));
  return std::log1p(r.sampling_rate * std::expm1(exponent));
}

/// The x with that log_ratio; -infinity where every ratio is larger.
double x_of_log_ratio(const SampledGaussian& r, double ratio) {
  const double s = r.noise_multiplier, q = r.sampling_rate;
  if (q == 1) return s * s * ratio + 0.5;
  // e^ratio - (1 - q), without cancellation for a small ratio.
  const double left = std::expm1(ratio) + q;
  if (left <= 0) return -std::numeric_limits<double>::infinity();
  const double log_left = ratio > 30 ? ratio + std::log1p(-(1 - q) * std::exp(-ratio)) : std::log(left);
  return s * s * (log_left - std::log(q)) + 0.5;
}

/// One interval of x with losses between low and low + step: what goes to its upper end.
struct Masses {
  double real = 0;    ///< probability under the real data set
  double excess = 0;  ///< real - e^low * other
};

Masses masses_between(const SampledGaussian& r, Adjacency adjacency, double from, double to, double low) {
  const double s = r.noise_multiplier, q = r.sampling_rate;
  const double without = normal_interval(from / s, to / s), with = normal_interval((from - 1) / s, (to - 1) / s);
  const double mixture = (1 - q) * without + q * with;
  if (adjacency == Adjacency::kRemove) return {mixture, q * with - (std::expm1(low) + q) * without};
  return {without, (-std::expm1(low) + q * std::exp(low)) * without - q * std::exp(low) * with};
}

}  // namespace

LossRange loss_range(const SampledGaussian& r, Adjacency adjacency, double log_tail, double centre) {
  // The standard normal distribution exceeds z > 0 with a probability below e^(-z^2 / 2).
  const double far = r.noise_multiplier * std::max(std::sqrt(-2 * log_tail), 9.0);
  const double left = std::min(0.0, centre) - far, right = std::max(1.0, centre) + far;
  if (adjacency == Adjacency::kRemove) return {log_ratio(r, left), log_ratio(r, right)};
  return {-log_ratio(r, right), -log_ratio(r, left)};
}

LossDistribution discretised_loss(const SampledGaussian& r, Adjacency adjacency, const LossRange& range, double step) {
  const bool removes = adjacency == Adjacency::kRemove;
  const auto first = static_cast<std::int64_t>(std::floor(range.least / step)), last = static_cast<std::int64_t>(std::ceil(range.most / step));
  LossDistribution d{step, first, std::vector<double>(static_cast<std::size_t>(last - first + 1), 0.0), 0};
  const double infinite = std::numeric_limits<double>::infinity();
  // x at the grid's points; losses fall with x when the unit is added.
  const auto x_at = [&](std::int64_t point) { return x_of_log_ratio(r, (removes ? 1 : -1) * static_cast<double>(point) * step); };
  const auto interval = [&](double from, double to, double low) { return removes ? masses_between(r, adjacency, from, to, low) : masses_between(r, adjacency, to, from, low); };
  const double bottom = removes ? -infinite : infinite, top = -bottom;
  double from = x_at(first);
  d.masses[0] += interval(bottom, from, 0).real;  // rounded up to the lowest point
  for (std::int64_t point = first; point < last; ++point) {
    const double to = x_at(point + 1), low = static_cast<double>(point) * step;
    const Masses m = interval(from, to, low);
    const auto n = static_cast<std::size_t>(point - first);
    const double upper = std::clamp(m.excess / -std::expm1(-step), 0.0, m.real);
    d.masses[n] += m.real - upper;
    d.masses[n + 1] += upper;
    from = to;
  }
  d.at_infinity = interval(from, top, 0).real;
  return d;
}

LossMoments tilted_moments(const SampledGaussian& r, Adjacency adjacency, double tilt) {
  const double s = r.noise_multiplier, q = r.sampling_rate;
  const bool removes = adjacency == Adjacency::kRemove;
  // Under x ~ N(0, s^2) the weight is e^(power * log_ratio): both directions are moments of one ratio.
  const double power = removes ? tilt + 1 : -tilt;
  const double turn = s * s * (std::log1p(-q) - std::log(q)) + 0.5;
  const double low = std::min(0.0, power), high = std::max(1.0, power);
  std::vector<double> centres{0, power};
  if (q < 1) centres.push_back(std::clamp(turn, low, high));
  const std::vector<double> points = trapezoid_points(s, std::move(centres));
  const auto log_weight = [&](double x, double ratio) { return -x * x / (2 * s * s) + power * ratio; };
  double peak = -std::numeric_limits<double>::infinity();
  for (const double x : points) peak = std::max(peak, log_weight(x, log_ratio(r, x)));
  double sum = 0, sum_loss = 0, sum_square = 0, sum_x = 0;
  for (const double x : points) {
    const double ratio = log_ratio(r, x), weight = std::exp(log_weight(x, ratio) - peak), loss = removes ? ratio : -ratio;
    sum += weight;
    sum_loss += weight * loss;
    sum_square += weight * loss * loss;
    sum_x += weight * x;
  }
  LossMoments m;
  m.log_moment = peak + std::log(sum * trapezoid_step(s) / (s * std::sqrt(2 * std::numbers::pi)));
  m.mean = sum_loss / sum;
  m.variance = std::max(0.0, sum_square / sum - m.mean * m.mean);
  m.centre = sum_x / sum;
  return m;
}

}  // namespace consilium::fl
