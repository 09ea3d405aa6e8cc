#include "fl/aggregate/fedavg.h"

namespace consilium::fl {

ModelState fed_avg(const ModelState& global, std::span<const Update> updates, const SiteWeights* weights) { return fed_avg(global, updates, weights == nullptr ? by_cases() : by_site(*weights)); }

ModelState fed_avg(const ModelState& global, std::span<const Update> updates, const Weighting& weighting) {
  ModelState result = global;
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    float* values = result.tensors[block.tensor].values.data() + block.begin;
    for (std::size_t i = 0; i < block.mean.size(); ++i) values[i] = static_cast<float>(static_cast<double>(values[i]) + block.mean[i]);
  }, weighting);
  return result;
}

}  // namespace consilium::fl
