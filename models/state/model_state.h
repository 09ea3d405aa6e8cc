#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace consilium {

/// One named array of float32 weights. The group decides who trains and who receives it (`stem.mr`, `trunk`, `head`, ...).
struct NamedTensor {
  std::string name;                 ///< the module path, as in MONAI's state_dict
  std::string group;
  std::vector<std::int64_t> shape;  ///< row major
  std::vector<float> values;        ///< product(shape) values

  bool operator==(const NamedTensor&) const = default;
};

/// The weights of a model as plain values: what `models` and `fl` share. Tensors are sorted by name.
struct ModelState {
  std::vector<NamedTensor> tensors;

  bool operator==(const ModelState&) const = default;
};

/// The tensor of that name, or null.
const NamedTensor* find_tensor(const ModelState& state, const std::string& name);

std::int64_t element_count(const std::vector<std::int64_t>& shape);
/// Of all tensors together.
std::int64_t value_count(const ModelState& state);

/// Same names, groups and shapes in the same order? @throws Error{kMismatch} naming the first tensor that differs.
void require_same_layout(const ModelState& expected, const ModelState& found);

/// SHA-256 over names, groups, shapes and values, as lower-case hex: equal digests mean equal models. How it is made: models/state/digest.h.
std::string digest(const ModelState& state);

}  // namespace consilium
