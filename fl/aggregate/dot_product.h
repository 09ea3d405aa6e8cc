#pragma once

#include <cstdint>
#include <span>

namespace consilium::fl {

/// <a, b> in float64, by eight sums that are added in a fixed order: the same bits on every processor. `b` is as long as `a`.
double dot_product(std::span<const float> a, std::span<const float> b);
double dot_product(std::span<const float> a, std::span<const double> b);

/// Adds values[i], or takes it away where bit i of `signs` is set, to sums[i]. At most 64 values.
void add_signed(std::span<double> sums, std::span<const float> values, std::uint64_t signs);

}  // namespace consilium::fl
