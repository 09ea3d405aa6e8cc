#include "fl/aggregate/coordinate_wise.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace consilium::fl {
namespace {

/// Comparators of Batcher's odd-even merge sort for any number of rows (Knuth, The Art of Computer Programming 3, algorithm 5.2.2 M).
std::vector<std::pair<std::size_t, std::size_t>> sorting_network(std::size_t rows) {
  std::vector<std::pair<std::size_t, std::size_t>> comparators;
  std::size_t top = 1;
  while (top * 2 < rows) top *= 2;
  for (std::size_t p = rows > 1 ? top : 0; p > 0; p /= 2) {
    std::size_t q = top, r = 0, d = p;
    for (;;) {
      for (std::size_t i = 0; i + d < rows; ++i)
        if ((i & p) == r) comparators.emplace_back(i, i + d);
      if (q == p) break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
  return comparators;
}

}  // namespace

void sort_columns(std::span<std::vector<float>> rows) {
  for (const auto& [low, high] : sorting_network(rows.size())) {
    float* a = rows[low].data();
    float* b = rows[high].data();
    for (std::size_t i = 0; i < rows[low].size(); ++i) {
      const float least = std::min(a[i], b[i]), most = std::max(a[i], b[i]);
      a[i] = least;
      b[i] = most;
    }
  }
}

void median_of_sorted(std::span<const std::vector<float>> rows, std::span<double> out) { trimmed_mean_of_sorted(rows, (rows.size() - 1) / 2, out); }

void trimmed_mean_of_sorted(std::span<const std::vector<float>> rows, std::size_t drop, std::span<double> out) {
  std::fill(out.begin(), out.end(), 0);
  for (std::size_t row = drop; row < rows.size() - drop; ++row)
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<double>(rows[row][i]);
  const double count = static_cast<double>(rows.size() - 2 * drop);
  for (double& value : out) value /= count;
}

void mean_around_median_of_sorted(std::span<const std::vector<float>> rows, std::size_t keep, std::span<double> out) {
  std::vector<double> middle(out.size());
  median_of_sorted(rows, middle);
  for (std::size_t i = 0; i < out.size(); ++i) {
    // The nearest lie side by side: the window that is left when the farther end is cut off again and again.
    std::size_t first = 0, last = rows.size();
    while (last - first > keep) {
      const double below = middle[i] - static_cast<double>(rows[first][i]), above = static_cast<double>(rows[last - 1][i]) - middle[i];
      if (below > above) ++first;
      else --last;
    }
    double sum = 0;
    for (std::size_t row = first; row < last; ++row) sum += static_cast<double>(rows[row][i]);
    out[i] = sum / static_cast<double>(keep);
  }
}

}  // namespace consilium::fl
