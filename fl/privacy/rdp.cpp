#include "fl/privacy/rdp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "fl/privacy/sampled_moments.h"

namespace consilium::fl {
namespace {

void validate_order(double alpha) { require(alpha > 1 && alpha <= 100000, ErrorCode::kUsage, fmt::format("order: expected above 1 and at most 100000, found {}", alpha)); }

double log_binomial(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

/// ln(e^x - 1)
double log_expm1(double x) { return x > 40 ? x : std::log(std::expm1(x)); }
/// ln(1 + e^x)
double log1p_exp(double x) { return x > 40 ? x : std::log1p(std::exp(x)); }

/// ln A of a whole order: A - 1 = sum over i >= 2 of C(alpha, i) (1 - q)^(alpha - i) q^i (e^((i^2 - i) / (2 s^2)) - 1).
double log_moment_of_whole_order(double s, double q, double alpha) {
  LogSum sum;
  for (double i = 2; i <= alpha; ++i) sum.add(log_binomial(alpha, i) + (alpha - i) * std::log1p(-q) + i * std::log(q) + log_expm1((i * i - i) / (2 * s * s)));
  return log1p_exp(sum.value());
}

}  // namespace

double sampled_gaussian_rdp(const SampledGaussian& r, double alpha) {
  validate(r);
  validate_order(alpha);
  const double s = r.noise_multiplier, q = r.sampling_rate;
  if (q == 0) return 0;
  if (q == 1) return alpha / (2 * s * s);
  const bool whole = alpha == std::floor(alpha);
  return (whole ? log_moment_of_whole_order(s, q, alpha) : log1p_exp(log_excess_moment(s, q, alpha))) / (alpha - 1);
}

std::vector<double> default_orders() {
  std::vector<double> orders;
  for (int tenth = 11; tenth < 110; ++tenth) orders.push_back(tenth / 10.0);
  for (int order = 11; order < 64; ++order) orders.push_back(order);
  for (int order = 128; order <= 1024; order *= 2) orders.push_back(order);
  return orders;
}

RdpEpsilon rdp_to_epsilon(std::span<const double> orders, std::span<const double> rdp, double delta) {
  validate_delta(delta);
  require(!orders.empty() && orders.size() == rdp.size(), ErrorCode::kUsage, fmt::format("{} orders and {} values of RDP: expected as many of both, and at least one", orders.size(), rdp.size()));
  RdpEpsilon best{std::numeric_limits<double>::infinity(), orders[0]};
  for (std::size_t n = 0; n < orders.size(); ++n) {
    const double alpha = orders[n];
    validate_order(alpha);
    require(rdp[n] >= 0, ErrorCode::kUsage, fmt::format("RDP of order {}: expected at least 0, found {}", alpha, rdp[n]));
    const double epsilon = rdp[n] + std::log1p(-1 / alpha) - std::log(delta * alpha) / (alpha - 1);
    if (epsilon < best.epsilon) best = {epsilon, alpha};
  }
  best.epsilon = std::max(0.0, best.epsilon);
  return best;
}

RdpEpsilon rdp_epsilon(std::span<const SampledGaussian> phases, double delta, std::span<const double> orders) {
  const std::vector<SampledGaussian> distinct = merged(phases);
  validate_delta(delta);
  if (distinct.empty()) return {};
  std::vector<double> sum(orders.size(), 0);
  for (const SampledGaussian& phase : distinct)
    for (std::size_t n = 0; n < orders.size(); ++n) sum[n] += static_cast<double>(phase.steps) * sampled_gaussian_rdp(phase, orders[n]);
  return rdp_to_epsilon(orders, sum, delta);
}

RdpEpsilon rdp_epsilon(std::span<const SampledGaussian> phases, double delta) { return rdp_epsilon(phases, delta, default_orders()); }

double sampled_rdp_bound(const std::function<double(int)>& rdp, double q, int alpha) {
  require(alpha >= 2 && alpha <= 100000, ErrorCode::kUsage, fmt::format("order: expected a whole number from 2 to 100000, found {}", alpha));
  require(q >= 0 && q <= 1, ErrorCode::kUsage, fmt::format("sampling rate: expected 0 to 1, found {}", q));
  if (q == 0) return 0;
  if (q == 1) return rdp(alpha);
  const double a = alpha;
  LogSum sum;
  sum.add((a - 1) * std::log1p(-q) + std::log1p(q * (a - 1)));
  sum.add(log_binomial(a, 2) + 2 * std::log(q) + (a - 2) * std::log1p(-q) + rdp(2));
  for (int l = 3; l <= alpha; ++l) sum.add(std::log(3.0) + log_binomial(a, l) + (a - l) * std::log1p(-q) + l * std::log(q) + (l - 1) * rdp(l));
  // Sampling never makes it worse.
  return std::min(rdp(alpha), std::max(0.0, sum.value() / (a - 1)));
}

}  // namespace consilium::fl
