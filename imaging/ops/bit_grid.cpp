#include "imaging/ops/bit_grid.h"

#include <algorithm>
#include <array>

namespace consilium::imaging {
namespace {

std::vector<Index3> ball(int radius) {
  std::vector<Index3> steps;
  for (int k = -radius; k <= radius; ++k)
    for (int j = -radius; j <= radius; ++j)
      for (int i = -radius; i <= radius; ++i)
        if (i * i + j * j + k * k <= radius * radius) steps.push_back({i, j, k});
  return steps;
}

bool is_set(const BitGrid& grid, std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k) {
  const auto within = [&](std::ptrdiff_t index, std::size_t axis) {
    return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(index, 0, static_cast<std::ptrdiff_t>(grid.size[axis]) - 1));
  };
  return grid.bits[offset_of(grid.size, within(i, 0), within(j, 1), within(k, 2))] != 0;
}

template <typename Decide>
BitGrid each_voxel(const BitGrid& grid, const Decide& decide) {
  BitGrid result{grid.size, std::vector<std::uint8_t>(grid.bits.size())};
  std::size_t n = 0;
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    for (std::size_t j = 0; j < grid.size[1]; ++j)
      for (std::size_t i = 0; i < grid.size[0]; ++i, ++n)
        result.bits[n] = decide(static_cast<std::ptrdiff_t>(i), static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k), n) ? 1 : 0;
  return result;
}

/// Marks what `start` reaches through voxels of `value` along these axes, and returns how many they are.
std::size_t flood(const BitGrid& grid, std::size_t start, std::uint8_t value, int axes, std::vector<std::uint32_t>& marks, std::uint32_t mark) {
  const std::array<std::size_t, 3> step{1, grid.size[0], grid.size[0] * grid.size[1]};
  std::vector<std::size_t> open{start};
  marks[start] = mark;
  std::size_t reached = 0;
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    ++reached;
    for (std::size_t a = 0; a < static_cast<std::size_t>(axes); ++a) {
      const std::size_t index = at / step[a] % grid.size[a];
      for (const bool up : {false, true}) {
        if (up ? index + 1 == grid.size[a] : index == 0) continue;
        const std::size_t next = up ? at + step[a] : at - step[a];
        if (grid.bits[next] != value || marks[next] != 0) continue;
        marks[next] = mark;
        open.push_back(next);
      }
    }
  }
  return reached;
}

}  // namespace

BitGrid eroded(const BitGrid& grid, int radius) {
  const auto steps = ball(radius);
  return each_voxel(grid, [&](std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k, std::size_t n) {
    return grid.bits[n] != 0 && std::all_of(steps.begin(), steps.end(), [&](const Index3& s) { return is_set(grid, i + s[0], j + s[1], k + s[2]); });
  });
}

BitGrid dilated(const BitGrid& grid, int radius) {
  const auto steps = ball(radius);
  return each_voxel(grid, [&](std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k, std::size_t n) {
    return grid.bits[n] != 0 || std::any_of(steps.begin(), steps.end(), [&](const Index3& s) { return is_set(grid, i + s[0], j + s[1], k + s[2]); });
  });
}

BitGrid largest_part(const BitGrid& grid) {
  std::vector<std::uint32_t> marks(grid.bits.size());
  std::uint32_t last = 0, best = 0;
  std::size_t most = 0;
  for (std::size_t n = 0; n < grid.bits.size(); ++n) {
    if (grid.bits[n] == 0 || marks[n] != 0) continue;
    if (const std::size_t size = flood(grid, n, 1, 3, marks, ++last); size > most) most = size, best = last;
  }
  return each_voxel(grid, [&](std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, std::size_t n) { return best != 0 && marks[n] == best; });
}

BitGrid filled(const BitGrid& grid) {
  std::vector<std::uint32_t> outside(grid.bits.size());
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    for (std::size_t j = 0; j < grid.size[1]; ++j)
      for (std::size_t i = 0; i < grid.size[0]; ++i) {
        const std::size_t n = offset_of(grid.size, i, j, k);
        const bool is_rim = i == 0 || j == 0 || i + 1 == grid.size[0] || j + 1 == grid.size[1];
        if (is_rim && grid.bits[n] == 0 && outside[n] == 0) flood(grid, n, 0, 2, outside, 1);
      }
  return each_voxel(grid, [&](std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t, std::size_t n) { return outside[n] == 0; });
}

std::size_t count(const BitGrid& grid) { return static_cast<std::size_t>(std::count(grid.bits.begin(), grid.bits.end(), 1)); }

}  // namespace consilium::imaging
