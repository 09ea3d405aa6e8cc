#include "fl/compress/error_feedback.h"

#include <algorithm>

#include "base/error.h"
#include "models/state/safetensors.h"

namespace consilium::fl {
namespace {

const std::string kResidual = "residual/", kFactor = "factor/";

template <typename State>
auto place_of(State& state, const std::string& name) {
  return std::lower_bound(state.tensors.begin(), state.tensors.end(), name,
                          [](const NamedTensor& t, const std::string& n) { return t.name < n; });
}

}  // namespace

void put_tensor(ModelState& state, NamedTensor tensor) {
  const auto place = place_of(state, tensor.name);
  if (place != state.tensors.end() && place->name == tensor.name)
    *place = std::move(tensor);
  else
    state.tensors.insert(place, std::move(tensor));
}

void write_error_feedback(const std::filesystem::path& path, const ErrorFeedback& memory) {
  ModelState all;
  for (const auto& [prefix, state] : {std::pair{&kFactor, &memory.factors}, std::pair{&kResidual, &memory.residual}})
    for (NamedTensor tensor : state->tensors) {
      tensor.name = *prefix + tensor.name;
      all.tensors.push_back(std::move(tensor));
    }
  write_safetensors(path, all);
}

ErrorFeedback read_error_feedback(const std::filesystem::path& path) {
  ErrorFeedback memory;
  for (NamedTensor& tensor : read_safetensors(path).state.tensors) {
    const bool is_factor = tensor.name.starts_with(kFactor);
    require(is_factor || tensor.name.starts_with(kResidual), ErrorCode::kCorruptData,
            path.string() + ": tensor " + tensor.name + " is neither a residual nor a factor");
    tensor.name.erase(0, (is_factor ? kFactor : kResidual).size());
    put_tensor(is_factor ? memory.factors : memory.residual, std::move(tensor));
  }
  return memory;
}

}  // namespace consilium::fl
