#pragma once

#include "fl/aggregate/robust.h"

namespace consilium::fl {

/// Adds the updates to what FoolsGold remembers: each site's updates summed over the rounds, as a sketch (fl/aggregate/sketch.h), a tensor per site that is named after it. At most 64 KiB a site,
/// kept and restored with the run as other memory is. @throws Error{kMismatch} a history of another model.
void add_to_histories(const ModelState& global, std::span<const Update> updates, ModelState& histories);

/// The weight of each site that has a history, [0, 1]: the more alike what it has asked for is to what another site has, the lower; two that asked for the same have 0. One site alone has 1.
/// No number of cases counts. Source: Fung et al. 2020 (FoolsGold, arXiv:1808.04866), algorithm 1, kappa 1; weights by the whole history, not of features of the last layer.
SiteWeights fools_gold_weights(const ModelState& histories);

/// The mean of the updates by these weights, group by group; the model as it is where nobody has a weight. Histories take the updates in first.
WeighedModel fools_gold_step(const ModelState& global, std::span<const Update> updates, ModelState& histories);

}  // namespace consilium::fl
