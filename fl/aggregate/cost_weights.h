#pragma once

#include <span>

#include "fl/aggregate/average.h"
#include "fl/round.h"

namespace consilium::fl {

/// Weights of the winners of the FeTS challenges 2021 and 2022, which give a site more say while its training gets on. With n the cases, c_t the
/// site's mean training loss of round t (the metric "loss" of its update), sums over the sites of the round:
///
///     FedCostWAvg   a n / sum n + (1 - a) k / sum k                 k = c_(t-1) / c_t                             a = 0.5
///     FedPIDAvg     a n / sum n + b k / sum k + g m / sum m         k = max(0, c_(t-1) - c_t), m = sum of the last 5 c     0.45, 0.45, 0.1
///
/// The paper's differences k can be negative and their sum 0, which makes weights negative or infinite: a loss that rose counts as 0 here. A term whose sum is 0,
/// and every term of losses in a round in which a site has no loss now or no loss before, is left out, and the other terms are scaled to sum to 1.
/// Sources: Maechler et al. 2021 (arXiv:2111.08649); Maechler et al. 2023 (arXiv:2304.12117), without its drop of sites by a Poisson fit.
enum class CostRule { kFedCostWAvg, kFedPidAvg };

struct CostWeightSettings {
  double cases = 0.5;     ///< share of the number of cases, [0, 1]
  double progress = 0.5;  ///< share of the fall of the loss
  double history = 0;     ///< share of the sum of losses; FedPIDAvg only

  bool operator==(const CostWeightSettings&) const = default;
};
CostWeightSettings defaults_of(CostRule rule);

/// Weights that sum to 1 over the sites of `updates`; none if no site trained on a case. `history`: reports of the rounds before this one.
SiteWeights cost_weights(CostRule rule, const CostWeightSettings& settings, std::span<const Update> updates, std::span<const RoundReport> history);

}  // namespace consilium::fl
