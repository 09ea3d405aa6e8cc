#pragma once

#include <cstddef>

namespace consilium::models {

/// Lanes that the kernel treats at once; rows are padded to a multiple of them.
inline constexpr std::size_t kLanes = 8;
/// Output channels that share one pass over an input row.
inline constexpr std::size_t kChannelsAtOnce = 4;

/// One plane's part of a weight gradient: sums[o][k][lane] += g[o][h][w] * x[h][w + k] over rows h and columns w, for 4 output channels and
/// 3 neighbours along the row. Rows of `g` are `columns` long (a multiple of kLanes), channels `g_channel` apart; rows of `x` are `x_row` apart.
void add_plane_products(const float* x, std::size_t x_row, const float* g, std::size_t g_channel, std::size_t rows, std::size_t columns, float* sums);

}  // namespace consilium::models
