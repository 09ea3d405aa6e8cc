#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "fl/secure/secure_settings.h"

namespace consilium::fl {

/// Numbers as whole multiples of 1 / scale, cut off at +-clip, added modulo 2^64 in two's complement. What is masked is the integer of the weighted value:
/// weight * round(value * scale), so that the sum of the sites' integers is exact, whatever their order.
/// Source: Bonawitz et al. 2017, section 8 (ring); rounding to nearest, half to even.
struct FixedPoint {
  double clip = 8;
  double scale = 1 << 24;

  /// Of finite values. Returns how many were cut off. `weight` times each; `integers` as long as `values`.
  std::size_t encode(std::span<const float> values, std::int64_t weight, std::span<std::uint64_t> integers) const;
  std::int64_t encode(double value) const;
  double decode(std::uint64_t sum) const { return static_cast<double>(static_cast<std::int64_t>(sum)) / scale; }
};

/// Magnitude of one value and its sign, of a weight, and of the number of addends, each as a power of two.
struct SumBits {
  std::int64_t value = 0;
  std::int64_t weight = 0;
  std::int64_t sites = 0;

  std::int64_t total() const { return value + weight + sites; }
};
/// Smallest b with 2^b >= count.
std::int64_t bits_for(double count);
SumBits sum_bits(const SecureAggregationSettings& settings, std::size_t sites);
FixedPoint fixed_point_of(const SecureAggregationSettings& settings);

inline constexpr std::int64_t kRingBits = 64;
/// No sum of `sites` honest sites can leave the ring: known before anything is trained. @throws Error{kUsage} with the bits that are needed.
void require_fits_ring(const SecureAggregationSettings& settings, std::size_t sites, const std::string& path);

}  // namespace consilium::fl
