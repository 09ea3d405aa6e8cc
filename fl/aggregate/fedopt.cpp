#include "fl/aggregate/fedopt.h"

#include <algorithm>
#include <cmath>

namespace consilium::fl {
namespace {

ModelState filled_like(const ModelState& global, float value) {
  ModelState state = global;
  for (NamedTensor& tensor : state.tensors) std::fill(tensor.values.begin(), tensor.values.end(), value);
  return state;
}

}  // namespace

double fed_opt_step(ServerOptimiser optimiser, const FedOptSettings& s, double delta, Moments& at) {
  if (optimiser == ServerOptimiser::kFedAvgM) {
    at.m = s.beta1 * at.m + delta;
    return s.learning_rate * at.m;
  }
  at.m = s.beta1 * at.m + (1 - s.beta1) * delta;
  const double square = delta * delta;
  switch (optimiser) {
    case ServerOptimiser::kFedAdagrad:
      at.v += square;
      break;
    case ServerOptimiser::kFedAdam:
      at.v = s.beta2 * at.v + (1 - s.beta2) * square;
      break;
    default:  // Yogi: sign(0) is 0
      if (at.v != square) at.v -= (1 - s.beta2) * square * (at.v > square ? 1 : -1);
  }
  return s.learning_rate * at.m / (std::sqrt(at.v) + s.tau);
}

ModelState fed_opt(ServerOptimiser optimiser, const FedOptSettings& settings, const ModelState& global, std::span<const Update> updates, FedOptMemory& memory) {
  const bool adaptive = optimiser != ServerOptimiser::kFedAvgM;
  FedOptMemory next = memory;  // a round that is refused leaves the memory as it was
  if (next.m.tensors.empty()) next.m = filled_like(global, 0);
  if (adaptive && next.v.tensors.empty()) next.v = filled_like(global, static_cast<float>(settings.tau * settings.tau));
  require_same_layout(global, next.m);
  if (adaptive) require_same_layout(global, next.v);
  ModelState result = global;
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    float* weight = result.tensors[block.tensor].values.data() + block.begin;
    float* m = next.m.tensors[block.tensor].values.data() + block.begin;
    float* v = adaptive ? next.v.tensors[block.tensor].values.data() + block.begin : nullptr;
    for (std::size_t i = 0; i < block.mean.size(); ++i) {
      Moments at{m[i], adaptive ? v[i] : 0.0};
      weight[i] = static_cast<float>(static_cast<double>(weight[i]) + fed_opt_step(optimiser, settings, block.mean[i], at));
      m[i] = static_cast<float>(at.m);
      if (adaptive) v[i] = static_cast<float>(at.v);
    }
  });
  memory = std::move(next);
  return result;
}

}  // namespace consilium::fl
