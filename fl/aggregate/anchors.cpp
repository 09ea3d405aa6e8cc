#include "fl/aggregate/anchors.h"

#include <algorithm>

#include "fl/aggregate/average.h"

namespace consilium::fl {

bool is_anchor(const std::string& group) { return group.starts_with("anchors."); }

void average_anchors(const ModelState& global, std::span<const Update> updates, ModelState& next) {
  for (std::size_t n = 0; n < global.tensors.size(); ++n)
    if (is_anchor(global.tensors[n].group)) next.tensors[n].values = global.tensors[n].values;
  const Weighting cases = by_cases();
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    const float* before = global.tensors[block.tensor].values.data() + block.begin;
    float* values = next.tensors[block.tensor].values.data() + block.begin;
    for (std::size_t n = 0; n < block.mean.size(); ++n) values[n] = static_cast<float>(static_cast<double>(before[n]) + block.mean[n]);
  }, [&](const Update& update, const std::string& group) { return is_anchor(group) ? cases(update, group) : 0.0; });
}

}  // namespace consilium::fl
