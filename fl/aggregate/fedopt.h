#pragma once

#include "fl/aggregate/average.h"

namespace consilium::fl {

/// The server's optimisers of Reddi et al. 2021 (arXiv:2003.00295, algorithm 2; without bias correction) and FedAvgM of Hsu et al. 2019
/// (arXiv:1909.06335). D is the mean update (average_deltas), w the global model; per coordinate:
///
///     FedAvgM     m <- b1 m + D                                  w <- w + rate m
///     FedAdagrad  m <- b1 m + (1 - b1) D   v <- v + D^2           w <- w + rate m / (sqrt(v) + tau)
///     FedAdam     m likewise   v <- b2 v + (1 - b2) D^2           w likewise
///     FedYogi     m likewise   v <- v - (1 - b2) D^2 sign(v - D^2)  w likewise
enum class ServerOptimiser { kFedAvgM, kFedAdagrad, kFedAdam, kFedYogi };

struct FedOptSettings {
  double learning_rate = 1;  ///< of the server
  double beta1 = 0.9;        ///< momentum, [0, 1)
  double beta2 = 0.99;       ///< memory of the squares, [0, 1)
  double tau = 1e-3;         ///< adaptivity; v starts at tau^2

  bool operator==(const FedOptSettings&) const = default;
};

/// What the server's optimiser remembers of one coordinate.
struct Moments {
  double m = 0;
  double v = 0;
};

/// One coordinate's step: updates `moments`, returns what is added to the weight. `delta`: mean update, pointing where the sites went.
double fed_opt_step(ServerOptimiser optimiser, const FedOptSettings& settings, double delta, Moments& moments);

/// What the optimiser remembers of a whole model, in the model's layout. Empty before the first round; FedAvgM has no v.
struct FedOptMemory {
  ModelState m;
  ModelState v;

  bool operator==(const FedOptMemory&) const = default;
};

/// The global model after one round. A group that nobody trained keeps its weights and its moments.
/// Moments are kept in float32, arithmetic runs in float64.
/// @throws Error{kMismatch} a memory of another model; and as average_deltas.
ModelState fed_opt(ServerOptimiser optimiser, const FedOptSettings& settings, const ModelState& global, std::span<const Update> updates, FedOptMemory& memory);

}  // namespace consilium::fl
