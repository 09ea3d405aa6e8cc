#pragma once

#include "fl/aggregate/average.h"

namespace consilium::fl {

/// global + mean of the updates, as average_deltas (also for `weights`); a group that nobody trained stays as it is.
/// @throws as average_deltas.
/// Source: McMahan et al. 2017, algorithm 1 (arXiv:1602.05629); groups: docs/data_flow.md.
ModelState fed_avg(const ModelState& global, std::span<const Update> updates, const SiteWeights* weights = nullptr);
ModelState fed_avg(const ModelState& global, std::span<const Update> updates, const Weighting& weighting);

}  // namespace consilium::fl
