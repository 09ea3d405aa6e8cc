#include "fl/estimate/fair_shares.h"

#include <algorithm>
#include <numeric>

namespace consilium::fl {

std::vector<double> fair_shares(std::span<const double> limits, double capacity) {
  std::vector<double> shares(limits.begin(), limits.end());
  if (std::accumulate(limits.begin(), limits.end(), 0.0) <= capacity) return shares;
  std::vector<std::size_t> order(limits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return limits[a] < limits[b] || (limits[a] == limits[b] && a < b); });
  for (std::size_t n = 0; n < order.size(); ++n) {
    const double equal = capacity / static_cast<double>(order.size() - n);
    shares[order[n]] = std::min(limits[order[n]], equal);
    capacity -= shares[order[n]];
  }
  return shares;
}

}  // namespace consilium::fl
