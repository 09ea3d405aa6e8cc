#pragma once

#include <span>

#include "fl/update.h"

namespace consilium::fl {

/// global + sum over sites of n_site * delta_site / sum of n_site, group by group: a group is averaged only over the sites that trained
/// it, weighted by their cases of that group; a group that nobody trained stays as it is.
///
/// Sums run in float64 over sites in the order of their names, so the result does not depend on the order of arrival, bit for bit.
/// @throws Error{kUsage} a site occurs twice; and as require_valid for tensors that do not fit (rounds and digests are the caller's to check).
/// Source: McMahan et al. 2017, algorithm 1 (arXiv:1602.05629); groups: docs/data_flow.md.
ModelState fed_avg(const ModelState& global, std::span<const Update> updates);

}  // namespace consilium::fl
