#pragma once

#include <cstdint>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// Which voxels of a grid belong: 0 or 1, i fastest. Beyond the grid the outermost voxels go on: its border is where the scan ends, not what it shows.
struct BitGrid {
  Size3 size{0, 0, 0};
  std::vector<std::uint8_t> bits;
};

/// Voxels whose ball of `radius` voxels (Euclidean) lies within; and those that a ball around any voxel reaches.
BitGrid eroded(const BitGrid& grid, int radius);
BitGrid dilated(const BitGrid& grid, int radius);

/// The largest set of voxels that touch by faces; empty when there is none.
BitGrid largest_part(const BitGrid& grid);
/// With what it encloses in each plane of constant k.
BitGrid filled(const BitGrid& grid);

std::size_t count(const BitGrid& grid);

}  // namespace consilium::imaging
