#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace consilium::pipelines {

/// A histogram over cases that knows how many of them reach each bin.
struct BinCounts {
  explicit BinCounts(std::size_t bins) : counts(bins), cases(bins) {}

  std::vector<std::uint64_t> counts;
  std::vector<std::uint64_t> cases;  ///< that have a value in the bin

  void add_case(std::span<const std::uint64_t> of_case);
  /// Minimum-count rule: a bin that fewer than `fewest_cases` cases reach becomes 0.
  void suppress(std::uint64_t fewest_cases);
};

/// Magnitudes without a known range: bins by sign and power of two, in ascending order; the outermost hold what lies beyond.
inline constexpr int kLowestPower = -20, kHighestPower = 20;
inline constexpr std::size_t kMagnitudeBins = 2 * (kHighestPower - kLowestPower + 1) + 1;
std::size_t magnitude_bin(double value);
double lower_edge(std::size_t magnitude_bin);
double upper_edge(std::size_t magnitude_bin);

/// Equal bins over a range, with one before it and one after it.
struct LinearBins {
  double low = 0, high = 0;
  std::size_t bins = 0;

  double width() const { return (high - low) / static_cast<double>(bins); }
  std::size_t size() const { return bins + 2; }
  std::size_t bin_of(double value) const;
};

/// Value below which a share `p` of the counted values lies, linear within a bin; the true quantile of the counted values is at most one width away. NaN without values.
double quantile(const LinearBins& bins, std::span<const std::uint64_t> counts, double p);

}  // namespace consilium::pipelines
