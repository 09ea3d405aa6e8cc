#include "fl/privacy/distributed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace consilium::fl {
namespace {

struct Sensitivity {
  double l1 = 0, l2 = 0;
};

/// After rounding, in units before scaling. Of whole numbers |x|_1 <= |x|_2^2 holds beside |x|_1 <= sqrt(d) |x|_2.
Sensitivity sensitivity(const DistributedNoise& n) {
  const double l2 = rounded_l2_bound(n.clip * n.scale, n.beta, n.dimensions);
  return {l2 * std::min(std::sqrt(static_cast<double>(n.dimensions)), l2) / n.scale, l2 / n.scale};
}

double skellam_rdp(const DistributedNoise& n, const Sensitivity& c, double a) {
  const double variance = std::pow(n.noise_multiplier * n.clip, 2), s = n.scale;
  const double exact = ((2 * a - 1) * s * c.l2 * c.l2 + 6 * c.l1) / (4 * s * s * s * variance * variance);
  return a * c.l2 * c.l2 / (2 * variance) + std::min(exact, 3 * c.l1 / (2 * s * variance));
}

/// How far a sum of discrete Gaussians is from a discrete Gaussian.
double distance_of_sum(const DistributedNoise& n) {
  const double share = share_deviation(n);
  double sum = 0;
  for (std::int64_t k = 1; k < n.sites; ++k) sum += std::exp(-2 * std::pow(std::numbers::pi * share, 2) * static_cast<double>(k) / static_cast<double>(k + 1));
  return 10 * sum;
}

double discrete_gaussian_rdp(const DistributedNoise& n, const Sensitivity& c, double tau, double a) {
  const double deviation = n.noise_multiplier * n.clip, l1 = c.l1 / deviation, l2 = c.l2 / deviation, d = static_cast<double>(n.dimensions);
  return std::min({a * l2 * l2 / 2 + tau * d, a / 2 * (l2 * l2 + 2 * l1 * tau + tau * tau * d), a / 2 * std::pow(l2 + std::sqrt(d) * tau, 2)});
}

/// The RDP of one order, without what does not depend on the order.
std::function<double(int)> rdp_of(const DistributedNoise& n) {
  validate(n);
  const Sensitivity c = sensitivity(n);
  if (n.kind == NoiseKind::kSkellam) return [n, c](int order) { return skellam_rdp(n, c, order); };
  return [n, c, tau = distance_of_sum(n)](int order) { return discrete_gaussian_rdp(n, c, tau, order); };
}

}  // namespace

void validate(const DistributedNoise& n) {
  const auto check = [](bool good, const char* field, const char* expected) { require(good, ErrorCode::kUsage, fmt::format("distributed noise: {}: expected {}", field, expected)); };
  check(n.sites >= 1 && n.sites <= 1000000, "sites", "1 to 1000000");
  check(n.dimensions >= 1, "dimensions", "at least 1");
  check(std::isfinite(n.clip) && n.clip > 0, "clip", "a number above 0");
  check(n.noise_multiplier >= 0.01 && n.noise_multiplier <= 1e6, "noise_multiplier", "0.01 to 1e6");
  check(std::isfinite(n.scale) && n.scale > 0, "scale", "a number above 0");
  check(n.beta >= 0 && n.beta < 1, "beta", "0 to below 1");
  check(n.sampling_rate >= 0 && n.sampling_rate <= 1, "sampling_rate", "0 to 1");
  check(n.rounds >= 0 && n.rounds <= 1000000000, "rounds", "0 to 1000000000");
}

double rounded_l2_bound(double c, double beta, std::int64_t dimensions) {
  require(std::isfinite(c) && c > 0, ErrorCode::kUsage, fmt::format("L2 bound: expected a number above 0, found {}", c));
  require(beta >= 0 && beta < 1, ErrorCode::kUsage, fmt::format("beta: expected 0 to below 1, found {}", beta));
  require(dimensions >= 1, ErrorCode::kUsage, fmt::format("dimensions: expected at least 1, found {}", dimensions));
  const auto d = static_cast<double>(dimensions);
  if (beta == 0) return c + std::sqrt(d);
  return std::min(c + std::sqrt(d), std::sqrt(c * c + d / 4 + std::sqrt(2 * std::log(1 / beta)) * (c + std::sqrt(d) / 2)));
}

double share_deviation(const DistributedNoise& n) { return n.noise_multiplier * n.clip * n.scale / std::sqrt(static_cast<double>(n.sites)); }

double distributed_rdp(const DistributedNoise& n, int order) { return sampled_rdp_bound(rdp_of(n), n.sampling_rate, order); }

std::vector<double> whole_orders() {
  std::vector<double> orders;
  for (int order = 2; order <= 128; ++order) orders.push_back(order);
  orders.push_back(256);
  return orders;
}

RdpEpsilon distributed_epsilon(const DistributedNoise& n, double delta, std::span<const double> orders) {
  validate_delta(delta);
  const std::function<double(int)> rdp = rdp_of(n);
  if (n.rounds == 0 || n.sampling_rate == 0) return {};
  std::vector<double> sum;
  for (const double order : orders) {
    require(order == std::floor(order) && order >= 2 && order <= 100000, ErrorCode::kUsage, fmt::format("order: expected a whole number from 2 to 100000, found {}", order));
    sum.push_back(static_cast<double>(n.rounds) * sampled_rdp_bound(rdp, n.sampling_rate, static_cast<int>(order)));
  }
  return rdp_to_epsilon(orders, sum, delta);
}

RdpEpsilon distributed_epsilon(const DistributedNoise& n, double delta) { return distributed_epsilon(n, delta, whole_orders()); }

double scale_for(int bits, const DistributedNoise& n, double deviations) {
  validate(n);
  require(bits >= 2 && bits <= 62, ErrorCode::kUsage, fmt::format("bits: expected 2 to 62, found {}", bits));
  require(std::isfinite(deviations) && deviations > 0, ErrorCode::kUsage, fmt::format("deviations: expected a number above 0, found {}", deviations));
  const double sites = static_cast<double>(n.sites), room = std::ldexp(1.0, 2 * bits) - sites * deviations * deviations;
  require(room > 0, ErrorCode::kUsage, fmt::format("{} bits are too few for the sum of {} sites", bits, n.sites));
  const double share = n.noise_multiplier * n.clip / std::sqrt(sites);
  return std::sqrt(room) / (2 * deviations * std::sqrt(n.clip * n.clip * sites * sites / static_cast<double>(n.dimensions) + sites * share * share));
}

}  // namespace consilium::fl
