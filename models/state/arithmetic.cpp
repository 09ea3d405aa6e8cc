#include "models/state/arithmetic.h"

#include <algorithm>

#include "base/error.h"

namespace consilium {

ModelState linear(double x, const ModelState& a, double y, const ModelState& b) {
  require(a.tensors.size() == b.tensors.size(), ErrorCode::kMismatch, "two models of " + std::to_string(a.tensors.size()) + " and " + std::to_string(b.tensors.size()) + " tensors");
  ModelState sum = a;
  for (std::size_t t = 0; t < sum.tensors.size(); ++t) {
    NamedTensor& tensor = sum.tensors[t];
    const NamedTensor& other = b.tensors[t];
    require(tensor.name == other.name && tensor.shape == other.shape && tensor.values.size() == other.values.size(), ErrorCode::kMismatch, "tensor " + tensor.name + " does not fit tensor " + other.name);
    for (std::size_t n = 0; n < tensor.values.size(); ++n)
      tensor.values[n] = static_cast<float>(x * static_cast<double>(tensor.values[n]) + y * static_cast<double>(other.values[n]));
  }
  return sum;
}

ModelState zeros_like(ModelState model) {
  for (NamedTensor& tensor : model.tensors) std::fill(tensor.values.begin(), tensor.values.end(), 0.0F);
  return model;
}

}  // namespace consilium
