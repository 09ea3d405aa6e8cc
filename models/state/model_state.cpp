#include "models/state/model_state.h"

#include <algorithm>

#include "base/error.h"

namespace consilium {

const NamedTensor* find_tensor(const ModelState& state, const std::string& name) {
  const auto place = std::lower_bound(state.tensors.begin(), state.tensors.end(), name, [](const NamedTensor& tensor, const std::string& wanted) { return tensor.name < wanted; });
  return place != state.tensors.end() && place->name == name ? &*place : nullptr;
}

std::int64_t element_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::int64_t value_count(const ModelState& state) {
  std::size_t count = 0;
  for (const NamedTensor& tensor : state.tensors) count += tensor.values.size();
  return static_cast<std::int64_t>(count);
}

void require_same_layout(const ModelState& expected, const ModelState& found) {
  const std::size_t common = std::min(expected.tensors.size(), found.tensors.size());
  for (std::size_t i = 0; i < common; ++i) {
    const NamedTensor& a = expected.tensors[i];
    const NamedTensor& b = found.tensors[i];
    require(a.name == b.name, ErrorCode::kMismatch, "expected tensor \"" + a.name + "\", found \"" + b.name + "\"");
    require(a.group == b.group, ErrorCode::kMismatch, "tensor \"" + a.name + "\": expected group " + a.group + ", found " + b.group);
    require(a.shape == b.shape && a.values.size() == b.values.size(), ErrorCode::kMismatch, "tensor \"" + a.name + "\" has another shape");
  }
  require(expected.tensors.size() == found.tensors.size(), ErrorCode::kMismatch,
          "expected " + std::to_string(expected.tensors.size()) + " tensors, found " + std::to_string(found.tensors.size()));
}

}  // namespace consilium
