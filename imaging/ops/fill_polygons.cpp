#include "imaging/ops/fill_polygons.h"

#include <algorithm>
#include <cmath>

namespace consilium::imaging {
namespace {

/// The first whole number that is not below `x`, within 0 and `limit`.
std::size_t first_from(double x, std::size_t limit) {
  return static_cast<std::size_t>(std::clamp(std::ceil(x), 0.0, static_cast<double>(limit)));
}

struct Edge {
  Point2 top, bottom;
  std::size_t begin, end;  ///< rows that it crosses

  double at(std::size_t row) const {
    return top[0] + (bottom[0] - top[0]) * ((static_cast<double>(row) - top[1]) / (bottom[1] - top[1]));
  }
};

/// By their first row. Always from above to below: an edge that two polygons share crosses at the same place to the last bit.
std::vector<Edge> edges_of(std::span<const Polygon2> polygons, std::size_t rows) {
  std::vector<Edge> edges;
  for (const Polygon2& polygon : polygons)
    for (std::size_t n = 0; n < polygon.size(); ++n) {
      Point2 a = polygon[n], b = polygon[(n + 1) % polygon.size()];
      if (b[1] < a[1]) std::swap(a, b);
      const Edge edge{a, b, first_from(a[1], rows), first_from(b[1], rows)};
      if (edge.begin < edge.end) edges.push_back(edge);
    }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.begin < b.begin; });
  return edges;
}

}  // namespace

void fill_polygons(std::span<const Polygon2> polygons, std::size_t columns, std::size_t rows, std::span<std::uint8_t> pixels) {
  const std::vector<Edge> edges = edges_of(polygons, rows);
  std::vector<const Edge*> active;
  std::vector<double> crossings;
  std::size_t next = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    std::erase_if(active, [row](const Edge* edge) { return edge->end <= row; });
    for (; next < edges.size() && edges[next].begin == row; ++next) active.push_back(&edges[next]);
    crossings.clear();
    for (const Edge* edge : active) crossings.push_back(edge->at(row));
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t n = 0; n + 1 < crossings.size(); n += 2) {
      const std::size_t begin = first_from(crossings[n], columns), end = first_from(crossings[n + 1], columns);
      std::fill_n(pixels.begin() + static_cast<std::ptrdiff_t>(row * columns + begin), end - begin, std::uint8_t{1});
    }
  }
}

}  // namespace consilium::imaging
