#include "pipelines/bin_counts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

constexpr std::size_t kPowers = kHighestPower - kLowestPower + 1;

}  // namespace

void BinCounts::add_case(std::span<const std::uint64_t> of_case) {
  require(of_case.size() == counts.size(), ErrorCode::kMismatch, "a case has another number of bins");
  for (std::size_t n = 0; n < counts.size(); ++n) {
    counts[n] += of_case[n];
    cases[n] += of_case[n] > 0 ? 1 : 0;
  }
}

void BinCounts::suppress(std::uint64_t fewest_cases) {
  for (std::size_t n = 0; n < counts.size(); ++n)
    if (cases[n] < fewest_cases) counts[n] = cases[n] = 0;
}

std::size_t magnitude_bin(double value) {
  if (std::abs(value) < std::ldexp(1.0, kLowestPower)) return kPowers;
  const auto power = static_cast<std::size_t>(std::min(std::ilogb(value), kHighestPower) - kLowestPower);
  return value > 0 ? kPowers + 1 + power : kPowers - 1 - power;
}

double lower_edge(std::size_t bin) {
  if (bin == 0) return -std::numeric_limits<double>::infinity();
  return -upper_edge(kMagnitudeBins - 1 - bin);
}

double upper_edge(std::size_t bin) {
  if (bin + 1 >= kMagnitudeBins) return std::numeric_limits<double>::infinity();
  if (bin >= kPowers) return std::ldexp(1.0, kLowestPower + static_cast<int>(bin - kPowers));
  return -std::ldexp(1.0, kHighestPower - static_cast<int>(bin));
}

std::size_t LinearBins::bin_of(double value) const {
  if (value < low) return 0;
  if (value >= high) return bins + 1;
  return 1 + std::min(bins - 1, static_cast<std::size_t>((value - low) / width()));
}

double quantile(const LinearBins& bins, std::span<const std::uint64_t> counts, double p) {
  require(counts.size() == bins.size(), ErrorCode::kMismatch, "a histogram of another number of bins");
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0})), wanted = p * total;
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  double before = static_cast<double>(counts[0]);
  if (wanted <= before && counts[0] > 0) return bins.low;
  for (std::size_t n = 1; n <= bins.bins; ++n) {
    const auto here = static_cast<double>(counts[n]);
    if (here > 0 && before + here >= wanted) return bins.low + bins.width() * (static_cast<double>(n - 1) + (wanted - before) / here);
    before += here;
  }
  return bins.high;
}

}  // namespace consilium::pipelines
