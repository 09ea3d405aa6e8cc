#include "fl/secure/fixed_point.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

// Added to a number below 2^51 in magnitude it leaves no room for a fraction: the processor rounds to nearest, half to even, and the low bits are the integer.
constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52
constexpr std::int64_t kMostValueBits = 52;

std::int64_t rounded(double scaled) { return std::bit_cast<std::int64_t>(scaled + kRounder) - std::bit_cast<std::int64_t>(kRounder); }

}  // namespace

std::int64_t FixedPoint::encode(double value) const { return rounded(std::clamp(value, -clip, clip) * scale); }

std::size_t FixedPoint::encode(std::span<const float> values, std::int64_t weight, std::span<std::uint64_t> integers) const {
  std::size_t cut = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    const double value = values[n];
    cut += static_cast<std::size_t>(std::abs(value) > clip);
    integers[n] = static_cast<std::uint64_t>(encode(value)) * static_cast<std::uint64_t>(weight);
  }
  return cut;
}

std::int64_t bits_for(double count) { return count <= 1 ? 0 : static_cast<std::int64_t>(std::ceil(std::log2(count))); }

FixedPoint fixed_point_of(const SecureAggregationSettings& s) { return {s.clip, std::ldexp(1.0, static_cast<int>(s.fraction_bits))}; }

SumBits sum_bits(const SecureAggregationSettings& s, std::size_t sites) {
  return {bits_for(2 * s.clip * fixed_point_of(s).scale) + 1, bits_for(static_cast<double>(s.most_cases)), bits_for(static_cast<double>(sites))};
}

void require_fits_ring(const SecureAggregationSettings& s, std::size_t sites, const std::string& path) {
  const SumBits bits = sum_bits(s, sites);
  require(bits.value <= kMostValueBits, ErrorCode::kUsage, path + ": clip and fraction_bits need " + std::to_string(bits.value) + " bits for a value; there are " + std::to_string(kMostValueBits));
  require(bits.total() <= kRingBits - 1, ErrorCode::kUsage,
          path + ": the sum needs " + std::to_string(bits.total()) + " bits (" + std::to_string(bits.value) + " for a value, " + std::to_string(bits.weight) + " for most_cases, " + std::to_string(bits.sites) +
              " for the sites), the ring has " + std::to_string(kRingBits - 1) + ": lower clip, fraction_bits or most_cases");
}

}  // namespace consilium::fl
