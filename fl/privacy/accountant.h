#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fl/privacy/mechanism.h"

namespace consilium::fl {

enum class Accountant {
  kPld,  ///< pld.h: tight
  kRdp,  ///< rdp.h: a bound, 5 to 15 % above in common cases, much more for few or rare releases
};
const std::vector<std::pair<std::string, Accountant>>& accountant_words();
std::string_view to_string(Accountant accountant);

/// Epsilon of all phases one after the other, at that delta.
/// @throws Error{kUsage}, Error{kUnsupported}
double epsilon_of(std::span<const SampledGaussian> phases, double delta, Accountant accountant = Accountant::kPld);

/// The smallest noise multiplier, to a part in 1e4 and rounded up, with which so many steps at that rate, after `before`, stay within epsilon.
/// @throws Error{kUsage} out of range; Error{kRefused} no noise up to 1e6 is enough: what was released before takes it all.
struct NoiseRequest {
  double epsilon = 0;
  double delta = 0;
  double sampling_rate = 1;
  std::int64_t steps = 1;
  Accountant accountant = Accountant::kPld;
};
double noise_multiplier_for(const NoiseRequest& request, std::span<const SampledGaussian> before = {});

/// The most steps of these (their `steps` apart) that may follow `before` within epsilon: 0 where not even one fits.
std::int64_t steps_within(double epsilon, double delta, const SampledGaussian& next, std::span<const SampledGaussian> before = {}, Accountant accountant = Accountant::kPld);

}  // namespace consilium::fl
