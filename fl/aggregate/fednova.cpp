#include "fl/aggregate/fednova.h"

#include <cmath>
#include <vector>

#include "base/error.h"

namespace consilium::fl {

double step_norm(std::int64_t steps, const StepNormOptions& o) {
  const double pull = o.learning_rate * o.proximal_mu;
  require(steps >= 1 && steps <= 100000000, ErrorCode::kUsage, "step norm: expected 1 to 100000000 steps, found " + std::to_string(steps));
  require(o.momentum >= 0 && o.momentum < 1, ErrorCode::kUsage, "step norm: momentum is not in [0, 1)");
  require(pull >= 0 && pull < 1, ErrorCode::kUsage, "step norm: learning rate times proximal_mu is not in [0, 1): the proximal term would overshoot");
  double moved = 0, velocity = 0, sum = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    const double gradient = (step == 0 ? 1 : 0) - pull * moved;
    velocity = o.momentum * velocity + gradient;
    moved += o.nesterov ? gradient + o.momentum * velocity : velocity;
    sum += std::abs(moved);
  }
  return sum;
}

void require_step_norm(const Update& update) {
  require(update.step_norm >= 1 && update.step_norm <= kMostStepNorm, ErrorCode::kCorruptData,
          "update of site \"" + update.site + "\": rule fednova needs a step norm of at least 1, found " + std::to_string(update.step_norm));
}

ModelState fed_nova(const ModelState& global, std::span<const Update> updates) {
  for (const Update& update : updates) require_step_norm(update);
  const std::vector<const Update*> sorted = sorted_by_site(updates);
  // average_deltas gives sum(n d / a) / sum(n / a); times sum(n / a) / sum(n) it is sum(p d / a).
  std::vector<double> step(global.tensors.size(), 0);
  for (std::size_t t = 0; t < global.tensors.size(); ++t) {
    double cases = 0, norms = 0;
    for (const Update* update : sorted) {
      if (!is_trained(*update, global.tensors[t])) continue;
      const auto own = static_cast<double>(update->cases_per_group.at(global.tensors[t].group));
      cases += own;
      norms += own * update->step_norm;
    }
    if (cases > 0) step[t] = norms / cases / cases;
  }
  ModelState result = global;
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    float* values = result.tensors[block.tensor].values.data() + block.begin;
    for (std::size_t i = 0; i < block.mean.size(); ++i)
      values[i] = static_cast<float>(static_cast<double>(values[i]) + step[block.tensor] * block.total * block.mean[i]);
  }, [](const Update& update, const std::string& group) { return static_cast<double>(update.cases_per_group.at(group)) / update.step_norm; });
  return result;
}

}  // namespace consilium::fl
