#include "fl/aggregate/private_mean.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/aggregate/average.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBlock = 1 << 16;

/// The tensors of the global model that the update counts for.
template <typename Use>
void for_trained_values(const ModelState& global, const Update& update, Use&& use) {
  const UpdateWeights weights(update);
  std::vector<float> scratch;
  for (const NamedTensor& tensor : global.tensors) {
    if (!is_trained(update, tensor)) continue;
    const auto number = weights.find(tensor.name);
    if (!number) continue;
    for (std::size_t begin = 0; begin < weights.value_count(*number); begin += kBlock)
      for (const float value : weights.block(*number, begin, std::min(kBlock, weights.value_count(*number) - begin), scratch)) use(value);
  }
}

double norm_of(const ModelState& global, const Update& update) {
  double square = 0;
  for_trained_values(global, update, [&](float value) { square += static_cast<double>(value) * static_cast<double>(value); });
  require(std::isfinite(square), ErrorCode::kCorruptData, "update of site \"" + update.site + "\": a value is not finite");
  return std::sqrt(square);
}

}  // namespace

ModelState private_mean(const ModelState& global, std::span<const Update> updates, const PrivateMeanOptions& o, NoiseStream& noise) {
  ModelState model = global;
  SiteWeights factors;
  for (const Update& update : updates) {
    const double norm = norm_of(global, update);
    require(!factors.contains(update.site), ErrorCode::kUsage, "site \"" + update.site + "\" has two updates in one round: it would count twice");
    factors[update.site] = norm <= o.clip ? 1 : o.clip / norm;
  }
  const auto sites = static_cast<double>(o.sites);
  std::vector<std::vector<double>> sums;
  for (const NamedTensor& tensor : global.tensors) sums.emplace_back(tensor.values.size(), 0.0);
  // A block's mean times its weights is the sum of the shortened updates.
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    for (std::size_t n = 0; n < block.mean.size(); ++n) sums[block.tensor][block.begin + n] = block.mean[n] * block.total;
  }, by_site(factors));
  const double deviation = o.noise_multiplier * o.clip;
  for (std::size_t t = 0; t < global.tensors.size(); ++t)
    for (std::size_t n = 0; n < sums[t].size(); ++n) {
      float& weight = model.tensors[t].values[n];
      weight = static_cast<float>(static_cast<double>(weight) + (sums[t][n] + deviation * noise.normal()) / sites);
    }
  return model;
}

}  // namespace consilium::fl
