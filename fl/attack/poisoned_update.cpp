#include "fl/attack/poisoned_update.h"

#include <cmath>

#include "base/error.h"

namespace consilium::fl {

double root_mean_square(const ModelState& state) {
  double squares = 0, count = 0;
  for (const NamedTensor& tensor : state.tensors) {
    for (const float value : tensor.values) squares += static_cast<double>(value) * static_cast<double>(value);
    count += static_cast<double>(tensor.values.size());
  }
  return count == 0 ? 0 : std::sqrt(squares / count);
}

ModelState noise_like(ModelState layout, double deviation, Rng rng) {
  for (NamedTensor& tensor : layout.tensors)
    for (float& value : tensor.values) value = static_cast<float>(rng.normal(0, deviation));
  return layout;
}

ModelState little_is_enough(std::span<const ModelState> honest, double z) {
  require(!honest.empty(), ErrorCode::kUsage, "alie: there is no attacker");
  for (const ModelState& state : honest) require_same_layout(honest[0], state);
  const double count = static_cast<double>(honest.size());
  ModelState result = honest[0];
  for (std::size_t t = 0; t < result.tensors.size(); ++t)
    for (std::size_t n = 0; n < result.tensors[t].values.size(); ++n) {
      double mean = 0, squares = 0;
      for (const ModelState& state : honest) mean += static_cast<double>(state.tensors[t].values[n]) / count;
      for (const ModelState& state : honest) squares += std::pow(static_cast<double>(state.tensors[t].values[n]) - mean, 2) / count;
      result.tensors[t].values[n] = static_cast<float>(mean - z * std::sqrt(squares));
    }
  return result;
}

}  // namespace consilium::fl
