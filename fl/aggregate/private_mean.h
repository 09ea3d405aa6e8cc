#pragma once

#include <span>

#include "fl/privacy/noise_stream.h"
#include "fl/update.h"

namespace consilium::fl {

/// One step of client-level DP-FedAvg (fl/privacy/client_privacy.h).
struct PrivateMeanOptions {
  double clip = 1;
  double noise_multiplier = 1;
  std::int64_t sites = 1;  ///< the divisor: those that were asked, whoever answered
};
/// w + (sum_k min(1, C / |D_k|) D_k + N(0, (z C)^2)) / sites. Every tensor gets noise, also one that nobody trained; cases have no say beyond "none: not trained".
/// @throws as average_deltas.
ModelState private_mean(const ModelState& global, std::span<const Update> updates, const PrivateMeanOptions& options, NoiseStream& noise);

}  // namespace consilium::fl
