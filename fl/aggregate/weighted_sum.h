#pragma once

#include <cstddef>
#include <span>

namespace consilium::fl {

/// A site's values of one block, and what they weigh.
struct WeightedValues {
  const float* values = nullptr;
  double weight = 0;
};

/// Parts that are read at once; more of them outrun the processor's streams of prefetched lines.
inline constexpr std::size_t kPartsAtOnce = 4;

/// sums[i] += weight * values[i], part after part in their order, in float64: per value the same operations, and so the same bits, as the plain loop over
/// parts, on every processor. Several parts are read at once, so that a sum stays in its register meanwhile: bound by memory (bench/thousand_sites_bench).
void add_weighted(std::span<double> sums, std::span<const WeightedValues> parts);

}  // namespace consilium::fl
