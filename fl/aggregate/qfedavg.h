#pragma once

#include "fl/aggregate/average.h"

namespace consilium::fl {

struct QFedAvgSettings {
  double q = 1;                ///< 0: plain mean over sites; the larger, the more a site with a high loss counts. 1 as in the FeTS benchmark of Manthe 2024
  double learning_rate = 0.1;  ///< 1 / L; the paper takes the sites' learning rate. The larger, the longer the step

  bool operator==(const QFedAvgSettings&) const = default;
};

/// q-FedAvg, which minimises sum F_k^(q+1) / (q+1): with F_k the site's loss of the global model w, L = 1 / learning_rate and G_k = -L Delta_k,
///
///     w <- w - sum F_k^q G_k / sum h_k          h_k = q F_k^(q-1) ||G_k||^2 + L F_k^q
///
/// Sites weigh by their loss, not by their cases. ||G_k|| is taken over the whole update; sums run over the sites that trained a group. F_k is the metric
/// "global_loss", which the site measures before it trains (training.local.loss_batches).
/// Source: Li et al. 2020, algorithm 2 (arXiv:1905.10497).
/// @throws Error{kCorruptData} as require_global_loss; as average_deltas.
ModelState q_fed_avg(const QFedAvgSettings& settings, const ModelState& global, std::span<const Update> updates);

/// Does the update say the site's loss of the global model, in [0, 1000]? @throws Error{kCorruptData}
void require_global_loss(const Update& update);

}  // namespace consilium::fl
