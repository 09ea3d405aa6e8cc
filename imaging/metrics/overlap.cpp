#include "imaging/metrics/overlap.h"

#include "base/error.h"

namespace consilium::imaging {

std::optional<double> dice(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, EmptyPolicy policy) {
  require(prediction.size() == reference.size(), ErrorCode::kMismatch, "prediction and reference differ in size");
  std::uint64_t predicted = 0, referenced = 0, both = 0;
  for (std::size_t i = 0; i < prediction.size(); ++i) {
    const bool p = prediction[i] != 0, r = reference[i] != 0;
    predicted += p ? 1 : 0;
    referenced += r ? 1 : 0;
    both += p && r ? 1 : 0;
  }
  if (referenced == 0 && policy == EmptyPolicy::kUndefinedIfReferenceEmpty) return std::nullopt;
  if (predicted + referenced == 0) {
    if (policy == EmptyPolicy::kUndefinedIfBothEmpty) return std::nullopt;
    return 1.0;
  }
  return 2.0 * static_cast<double>(both) / static_cast<double>(predicted + referenced);
}

double volume_ml(std::span<const std::uint8_t> mask, const Geometry& geometry) {
  std::uint64_t count = 0;
  for (const std::uint8_t value : mask) count += value != 0 ? 1 : 0;
  return static_cast<double>(count) * geometry.spacing_mm[0] * geometry.spacing_mm[1] * geometry.spacing_mm[2] / 1000;
}

}  // namespace consilium::imaging
