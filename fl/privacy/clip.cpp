#include "fl/privacy/clip.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

void validate_clip(double clip) { require(std::isfinite(clip) && clip > 0, ErrorCode::kUsage, fmt::format("clip: expected a number above 0, found {}", clip)); }

/// The root of a sum of squares, once more with the largest magnitude divided out where the squares over- or underflow.
template <typename Visit>
double norm_of(Visit&& visit) {
  double sum = 0, largest = 0;
  visit([&](double value) {
    require(std::isfinite(value), ErrorCode::kCorruptData, "a value to be clipped is not finite");
    sum += value * value;
    largest = std::max(largest, std::abs(value));
  });
  if (largest == 0 || (sum > 1e-280 && std::isfinite(sum))) return std::sqrt(sum);
  sum = 0;
  visit([&](double value) { sum += value / largest * (value / largest); });
  return largest * std::sqrt(sum);
}

}  // namespace

double l2_norm(std::span<const double> values) {
  return norm_of([&](const auto& add) {
    for (const double value : values) add(value);
  });
}

double l2_norm(const ModelState& state) {
  return norm_of([&](const auto& add) {
    for (const NamedTensor& tensor : state.tensors)
      for (const float value : tensor.values) add(value);
  });
}

double clip_l2(std::span<double> values, double clip) {
  validate_clip(clip);
  const double norm = l2_norm(values);
  if (norm > clip)
    for (double& value : values) value = value / norm * clip;
  return norm;
}

double clip_l2(ModelState& state, double clip) {
  validate_clip(clip);
  const double norm = l2_norm(state);
  if (norm <= clip) return norm;
  // A rounding of each value to float32 may lengthen the whole by a part in 2^24.
  const double factor = clip / norm * (1 - 0x1p-23);
  for (NamedTensor& tensor : state.tensors)
    for (float& value : tensor.values) value = static_cast<float>(value * factor);
  return norm;
}

}  // namespace consilium::fl
