#pragma once

#include <cstdint>

#include "fl/aggregate/average.h"

namespace consilium::fl {

/// A site's optimiser as FedNova sees it.
struct StepNormOptions {
  double momentum = 0;       ///< rho, [0, 1)
  bool nesterov = false;
  double learning_rate = 0;  ///< eta; matters with mu only
  double proximal_mu = 0;    ///< FedProx's mu
};

/// ||a||_1 of `steps` local steps: a_j is the weight, in units of eta, with which the gradient of step j went into the site's delta. Plain SGD: the number of
/// steps. In closed form:
///
///     momentum      (steps - rho (1 - rho^steps) / (1 - rho)) / (1 - rho)
///     proximal mu   sum over j of (1 - eta mu)^(steps - 1 - j)
///
/// Here a_j is what a gradient of 1 in one step and 0 in all others moves, which is the same, and right for momentum and proximal term together.
/// Source: Wang et al. 2020, section 4 (arXiv:2007.07481).
/// @throws Error{kUsage} no step, more than 10^8, momentum outside [0, 1), or eta mu outside [0, 1).
double step_norm(std::int64_t steps, const StepNormOptions& options = {});

/// FedNova: with p_k the site's share of the cases of a group, a_k its step_norm,
///
///     w <- w + tau_eff sum p_k Delta_k / a_k          tau_eff = sum p_k a_k
///
/// so that a site that takes more steps does not pull the model towards its own optimum. With equal a_k it is FedAvg.
/// Source: Wang et al. 2020, equation 7 (arXiv:2007.07481).
/// @throws Error{kCorruptData} an update with a step norm below 1; as average_deltas.
ModelState fed_nova(const ModelState& global, std::span<const Update> updates);
/// Can FedNova use it? A step norm is at least 1: the last gradient goes in whole. @throws Error{kCorruptData}
void require_step_norm(const Update& update);

}  // namespace consilium::fl
