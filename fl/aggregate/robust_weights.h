#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fl/aggregate/gram.h"

namespace consilium::fl {

// What a site's update counts for under rules that do not trust every site. All answer with one coefficient per update, in the order of the Gram matrix; the group's
// step is the sum of coefficient times update. No rule but the norm bound looks at the number of cases, which a site only claims.

/// Shares of the cases, none above `cap` >= 1 equal shares: what is cut off goes to the others in proportion. A site only claims its cases: three of ten that claim a million each
/// have 0.45 of the say with a cap of 1.5, and nearly all of it without. Sum 1.
std::vector<double> capped_shares(std::span<const double> cases, double cap);

/// share_i min(1, bound / ||delta_i||); `bound` 0: the median of the norms. Source: Sun et al. 2019 (arXiv:1911.07963).
std::vector<double> norm_bounded(const Gram& gram, std::span<const double> shares, double bound);

/// Sum of squared distances to the n - f - 2 nearest others. Source: Blanchard et al. 2017. @throws Error{kUsage} n < 2 f + 3.
std::vector<double> krum_scores(const Gram& gram, std::size_t attackers);
/// 1 / keep for the `keep` updates of the lowest scores (Krum: 1), 0 for the others; of equal scores the first. Not weighted: claimed cases would let an attacker in.
std::vector<double> multi_krum(const Gram& gram, std::size_t attackers, std::size_t keep);
/// Numbers of n - 2 f updates, each the best by Krum among those not chosen yet, in their order. Source: El Mhamdi et al. 2018 (Bulyan, first half). @throws Error{kUsage} n < 4 f + 3.
std::vector<std::size_t> bulyan_choice(const Gram& gram, std::size_t attackers);

/// Weiszfeld's iteration, smoothed: z = sum b_i delta_i / sum b_i, b_i = 1 / max(nu, ||delta_i - z||), from their mean.
/// Source: Pillutla et al. 2019 (RFA, arXiv:1912.13445), nu = 1e-6.
std::vector<double> geometric_median(const Gram& gram, int iterations);

/// What FoolsGold lets each site count for, [0, 1], from the inner products of what the sites asked for over all rounds: the more alike two histories, the less. 0 for two that are
/// equal, 1 for a site that is like no other. Source: Fung et al. 2020 (arXiv:1808.04866), algorithm 1, kappa 1.
std::vector<double> fools_gold(const Gram& histories);

/// Trust in update i is max(0, cos(delta_i, delta_root)); each is brought to the root's length. The root itself has no say; all 0 where nobody is trusted.
/// Source: Cao et al. 2021 (FLTrust, arXiv:2012.13995).
std::vector<double> fl_trust(const Gram& gram, std::size_t root);

}  // namespace consilium::fl
