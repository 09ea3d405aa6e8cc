#include "fl/aggregate/qfedavg.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr double kMostLoss = 1000;    ///< a higher one would outvote every honest site
constexpr double kLeastLoss = 1e-10;  ///< 0^(q-1) is infinite for q < 1

double loss_of(const Update& update) { return std::max(kLeastLoss, update.metrics.at("global_loss")); }

/// Block by block and in order: updates may lie on disk, and the sum must not depend on the number of threads.
double squared_norm(const Update& update) {
  constexpr std::size_t kBlock = 1 << 16;
  const UpdateWeights weights(update);
  std::vector<float> scratch;
  double sum = 0;
  for (std::size_t tensor = 0; tensor < weights.size(); ++tensor)
    for (std::size_t begin = 0; begin < weights.value_count(tensor); begin += kBlock)
      for (const float value : weights.block(tensor, begin, std::min(kBlock, weights.value_count(tensor) - begin), scratch)) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

}  // namespace

void require_global_loss(const Update& update) {
  const auto found = update.metrics.find("global_loss");
  require(found != update.metrics.end() && found->second >= 0 && found->second <= kMostLoss, ErrorCode::kCorruptData,
          "update of site \"" + update.site + "\": rule qfedavg needs the metric global_loss, 0 to 1000 (training.local.loss_batches)");
}

ModelState q_fed_avg(const QFedAvgSettings& settings, const ModelState& global, std::span<const Update> updates) {
  const double lipschitz = 1 / settings.learning_rate;
  for (const Update& update : updates) require_global_loss(update);
  const std::vector<const Update*> sorted = sorted_by_site(updates);
  std::vector<double> h;
  for (const Update* update : sorted) {
    const double loss = loss_of(*update);
    h.push_back(settings.q * std::pow(loss, settings.q - 1) * lipschitz * lipschitz * squared_norm(*update) + lipschitz * std::pow(loss, settings.q));
  }
  // average_deltas gives sum(F^q d) / sum(F^q); times sum(F^q) L / sum(h) it is the step.
  std::vector<double> step(global.tensors.size(), 0);
  for (std::size_t t = 0; t < global.tensors.size(); ++t) {
    double sum = 0;
    for (std::size_t n = 0; n < sorted.size(); ++n)
      if (is_trained(*sorted[n], global.tensors[t])) sum += h[n];
    if (sum > 0) step[t] = lipschitz / sum;
  }
  ModelState result = global;
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    float* values = result.tensors[block.tensor].values.data() + block.begin;
    for (std::size_t i = 0; i < block.mean.size(); ++i)
      values[i] = static_cast<float>(static_cast<double>(values[i]) + step[block.tensor] * block.total * block.mean[i]);
  }, [&](const Update& update, const std::string&) { return std::pow(loss_of(update), settings.q); });
  return result;
}

}  // namespace consilium::fl
