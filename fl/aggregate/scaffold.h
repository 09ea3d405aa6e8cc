#pragma once

#include "fl/aggregate/average.h"

namespace consilium::fl {

struct ScaffoldSettings {
  double learning_rate = 1;  ///< of the server, eta_g

  bool operator==(const ScaffoldSettings&) const = default;
};

/// The coordinator's half of SCAFFOLD. S are the round's sites, N all sites of the federation; the global control variate c is the group `control` of the global
/// model (models/state/control_variates.h) and starts at 0:
///
///     w <- w + eta_g / |S| sum over S of Delta_k            c <- c + 1 / N sum over S of Delta_c_k
///
/// Sites weigh equally, whatever their cases: c then estimates the gradient of the mean over sites. What is added is the change Delta_c_k that a site sends,
/// not its c_k. The sites' half: models/control_variates_term.h, docs/algorithms.md.
/// Source: Karimireddy et al. 2020, algorithm 1 (arXiv:1910.06378).
/// @throws Error{kMismatch} the model has no control variates; Error{kUsage} no site; as average_deltas.
ModelState scaffold(const ScaffoldSettings& settings, const ModelState& global, std::span<const Update> updates, std::size_t federation_sites);

}  // namespace consilium::fl
