#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace consilium::imaging {

using Point2 = std::array<double, 2>;       ///< continuous pixel index (i, j): pixel centres are whole numbers
using Polygon2 = std::vector<Point2>;       ///< closed: the last point is joined to the first

/// Sets pixels whose centre lies inside an odd number of the polygons: one within another is a hole, one beside another adds to it.
///
/// A centre on an edge belongs to what begins there (left and upper edges are in, right and lower ones out), so that polygons that
/// share an edge share no pixel. `pixels` has `columns` x `rows` values, i fastest.
/// Source: even-odd rule by scan lines, Foley, van Dam, Feiner, Hughes: Computer Graphics, section 3.6.
void fill_polygons(std::span<const Polygon2> polygons, std::size_t columns, std::size_t rows, std::span<std::uint8_t> pixels);

}  // namespace consilium::imaging
