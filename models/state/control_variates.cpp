#include "models/state/control_variates.h"

#include <algorithm>

#include "base/error.h"
#include "models/state/arithmetic.h"

namespace consilium {
namespace {

const std::string kPrefix = "control/";

bool is_control(const NamedTensor& tensor) { return tensor.group == kControlGroup; }

}  // namespace

ModelState with_control_variates(const ModelState& model) {
  if (std::any_of(model.tensors.begin(), model.tensors.end(), is_control)) return model;
  return join_control_variates(model, zeros_like(model));
}

ModelState without_control_variates(ModelState model) {
  std::erase_if(model.tensors, is_control);
  return model;
}

ModelState control_variates_of(const ModelState& model) {
  ModelState control;
  for (const NamedTensor& tensor : model.tensors)
    if (is_control(tensor)) control.tensors.push_back({tensor.name.substr(kPrefix.size()), kControlGroup, tensor.shape, tensor.values});
  return control;
}

ModelState join_control_variates(ModelState model, const ModelState& control) {
  const std::size_t count = model.tensors.size();
  require(control.tensors.size() == count, ErrorCode::kMismatch, "the control variates are those of another model");
  for (std::size_t n = 0; n < count; ++n) {
    const NamedTensor &own = model.tensors[n], &variate = control.tensors[n];
    require(own.name == variate.name && own.shape == variate.shape, ErrorCode::kMismatch, "the control variate " + variate.name + " does not belong to tensor " + own.name);
    NamedTensor named{kPrefix + variate.name, kControlGroup, variate.shape, variate.values};
    model.tensors.push_back(std::move(named));
  }
  std::sort(model.tensors.begin(), model.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
  return model;
}

}  // namespace consilium
