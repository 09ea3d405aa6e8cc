#include "fl/aggregate/scaffold.h"

#include <algorithm>

#include "base/error.h"
#include "models/state/control_variates.h"

namespace consilium::fl {

ModelState scaffold(const ScaffoldSettings& settings, const ModelState& global, std::span<const Update> updates, std::size_t federation_sites) {
  require(federation_sites > 0, ErrorCode::kUsage, "a federation has at least one site");
  require(std::any_of(global.tensors.begin(), global.tensors.end(), [](const NamedTensor& t) { return t.group == kControlGroup; }), ErrorCode::kMismatch,
          "rule scaffold: the initial model has no control variates; make it with training.local.control_variates set");
  ModelState result = global;
  const Weighting equal = [](const Update&, const std::string&) { return 1.0; };
  average_deltas(global, updates, [&](const AveragedBlock& block) {
    NamedTensor& tensor = result.tensors[block.tensor];
    const double step = tensor.group == kControlGroup ? block.total / static_cast<double>(federation_sites) : settings.learning_rate;
    float* values = tensor.values.data() + block.begin;
    for (std::size_t i = 0; i < block.mean.size(); ++i) values[i] = static_cast<float>(static_cast<double>(values[i]) + step * block.mean[i]);
  }, equal);
  return result;
}

}  // namespace consilium::fl
