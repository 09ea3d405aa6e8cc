#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace consilium::fl {

// Rules that look at one value of all sites at a time. Each site counts once, whatever its cases: see robust_weights.h.

/// Sorts values[0][i], values[1][i], ... for every i, in place: a sorting network over whole rows (Batcher's odd-even merge), so that many columns are compared at once.
void sort_columns(std::span<std::vector<float>> rows);

/// Mean of the two middle ones for an even number. Rows must be sorted. Source: Yin et al. 2018 (arXiv:1803.01498).
void median_of_sorted(std::span<const std::vector<float>> rows, std::span<double> out);
/// Mean without the `drop` least and the `drop` greatest; 2 drop < number of rows. Rows must be sorted. Source: as median.
void trimmed_mean_of_sorted(std::span<const std::vector<float>> rows, std::size_t drop, std::span<double> out);
/// Mean of the `keep` values nearest the median. Rows must be sorted. Source: El Mhamdi et al. 2018 (Bulyan, second half).
void mean_around_median_of_sorted(std::span<const std::vector<float>> rows, std::size_t keep, std::span<double> out);

}  // namespace consilium::fl
