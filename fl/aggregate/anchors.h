#pragma once

#include <span>
#include <string>

#include "fl/update.h"

namespace consilium::fl {

/// Groups "anchors.<class>" hold the mean feature of a class over the federation: a statistic of cases, no weights. A site's update moves them to its own mean, and its number of cases is that of the class, so
/// that the mean of updates is the mean over all cases: sum_k n_k mu_k / sum_k n_k.
bool is_anchor(const std::string& group);

/// Puts that mean into `next`: what a server's optimiser, or weights by anything but cases, would make of the anchors is the mean of nothing. Anchors that no site moved stay as in `global`.
void average_anchors(const ModelState& global, std::span<const Update> updates, ModelState& next);

}  // namespace consilium::fl
