#pragma once

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "models/state/model_state.h"

namespace consilium::test {

/// Changes as training makes them: most are small, some a hundred times larger (normal times log-normal).
inline std::vector<float> heavy_tailed(std::size_t count, std::uint64_t seed, double scale = 1e-3) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(scale * rng.normal() * std::exp(rng.normal()));
  return values;
}

/// A convolution, its bias, a norm's weight and a matrix: every kind of tensor that a codec treats apart.
inline ModelState layout() {
  ModelState state;
  for (const auto& [name, shape] :
       std::vector<std::pair<std::string, std::vector<std::int64_t>>>{{"conv.bias", {32}},
                                                                      {"conv.weight", {32, 16, 3, 3, 3}},
                                                                      {"head.weight", {4, 8}},
                                                                      {"norm.weight", {2000}},
                                                                      {"up.weight", {64, 80}}})
    state.tensors.push_back({name, name.starts_with("head") ? "head" : "trunk", shape,
                             std::vector<float>(static_cast<std::size_t>(element_count(shape)))});
  return state;
}

inline ModelState heavy_tailed_delta(std::uint64_t seed, double scale = 1e-3) {
  ModelState delta = layout();
  for (NamedTensor& tensor : delta.tensors) tensor.values = heavy_tailed(tensor.values.size(), seed++, scale);
  return delta;
}

inline double norm(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

/// |found - expected| / |expected|
inline double relative_error(const std::vector<float>& found, const std::vector<float>& expected) {
  double sum = 0;
  for (std::size_t n = 0; n < expected.size(); ++n) sum += std::pow(static_cast<double>(found[n]) - expected[n], 2);
  return std::sqrt(sum) / norm(expected);
}

inline std::vector<float> all_values(const ModelState& state) {
  std::vector<float> values;
  for (const NamedTensor& tensor : state.tensors) values.insert(values.end(), tensor.values.begin(), tensor.values.end());
  return values;
}

}  // namespace consilium::test
