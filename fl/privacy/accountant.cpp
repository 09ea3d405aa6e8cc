#include "fl/privacy/accountant.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "fl/privacy/pld.h"
#include "fl/privacy/rdp.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostSteps = 1000000000;

void validate_epsilon(double epsilon) { require(std::isfinite(epsilon) && epsilon > 0, ErrorCode::kUsage, fmt::format("epsilon: expected a number above 0, found {}", epsilon)); }

std::vector<SampledGaussian> followed_by(std::span<const SampledGaussian> before, const SampledGaussian& next) {
  std::vector<SampledGaussian> all(before.begin(), before.end());
  all.push_back(next);
  return all;
}

}  // namespace

const std::vector<std::pair<std::string, Accountant>>& accountant_words() {
  static const std::vector<std::pair<std::string, Accountant>> words{{"pld", Accountant::kPld}, {"rdp", Accountant::kRdp}};
  return words;
}

std::string_view to_string(Accountant accountant) { return accountant == Accountant::kPld ? "pld" : "rdp"; }

double epsilon_of(std::span<const SampledGaussian> phases, double delta, Accountant accountant) {
  return accountant == Accountant::kPld ? pld_epsilon(phases, delta) : rdp_epsilon(phases, delta).epsilon;
}

double noise_multiplier_for(const NoiseRequest& r, std::span<const SampledGaussian> before) {
  validate_epsilon(r.epsilon);
  validate_delta(r.delta);
  const auto is_enough = [&](double noise) {
    const std::vector<SampledGaussian> all = followed_by(before, {noise, r.sampling_rate, r.steps});
    // The quick bound first.
    return rdp_epsilon(all, r.delta).epsilon <= r.epsilon || (r.accountant == Accountant::kPld && pld_epsilon(all, r.delta) <= r.epsilon);
  };
  const char* const kNoRoom = "epsilon {} at delta {}: no noise is enough, what was released before takes it all";
  require(epsilon_of(before, r.delta, r.accountant) <= r.epsilon, ErrorCode::kRefused, fmt::format(fmt::runtime(kNoRoom), r.epsilon, r.delta));
  double low = 0.01, high = 1;
  if (is_enough(low)) return low;
  while (!is_enough(high)) {
    low = high, high *= 4;
    require(high <= 1e6, ErrorCode::kRefused, fmt::format(fmt::runtime(kNoRoom), r.epsilon, r.delta));
  }
  while (high - low > 1e-4 * high) {
    const double middle = std::sqrt(low * high);
    (is_enough(middle) ? high : low) = middle;
  }
  return high;
}

std::int64_t steps_within(double epsilon, double delta, const SampledGaussian& next, std::span<const SampledGaussian> before, Accountant accountant) {
  validate_epsilon(epsilon);
  const auto fits = [&](std::int64_t steps) { return epsilon_of(followed_by(before, {next.noise_multiplier, next.sampling_rate, steps}), delta, accountant) <= epsilon; };
  if (!fits(1)) return 0;
  std::int64_t low = 1, high = 2;
  while (fits(high)) {
    low = high;
    if (high == kMostSteps) return high;
    high = std::min(kMostSteps, high * 4);
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace consilium::fl
