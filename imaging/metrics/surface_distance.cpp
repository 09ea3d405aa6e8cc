#include "imaging/metrics/surface_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/parallel.h"

namespace consilium::imaging {
namespace {

constexpr double kFar = 1e20;

/// The part of the image that holds both masks: all that the distances depend on.
struct Box {
  Size3 low{}, size{};
};

bool any(std::span<const std::uint8_t> mask) {
  return std::any_of(mask.begin(), mask.end(), [](std::uint8_t v) { return v != 0; });
}

Box bounding_box(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, const Size3& size) {
  Size3 low = size, high{0, 0, 0};
  for (std::size_t k = 0; k < size[2]; ++k)
    for (std::size_t j = 0; j < size[1]; ++j) {
      const std::size_t row = offset_of(size, 0, j, k);
      for (std::size_t i = 0; i < size[0]; ++i) {
        if (a[row + i] == 0 && b[row + i] == 0) continue;
        const Size3 at{i, j, k};
        for (int c = 0; c < 3; ++c) low[c] = std::min(low[c], at[c]), high[c] = std::max(high[c], at[c] + 1);
      }
    }
  return {low, {high[0] - low[0], high[1] - low[1], high[2] - low[2]}};
}

/// 1 on the mask's surface, inside the box.
std::vector<std::uint8_t> surface(std::span<const std::uint8_t> mask, const Size3& size, const Box& box) {
  const auto inside = [&](std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k) {
    if (i < 0 || j < 0 || k < 0 || i >= static_cast<std::ptrdiff_t>(size[0]) || j >= static_cast<std::ptrdiff_t>(size[1]) || k >= static_cast<std::ptrdiff_t>(size[2])) return false;
    return mask[offset_of(size, static_cast<std::size_t>(i), static_cast<std::size_t>(j), static_cast<std::size_t>(k))] != 0;
  };
  std::vector<std::uint8_t> result(box.size[0] * box.size[1] * box.size[2]);
  std::size_t n = 0;
  for (std::size_t z = 0; z < box.size[2]; ++z)
    for (std::size_t y = 0; y < box.size[1]; ++y)
      for (std::size_t x = 0; x < box.size[0]; ++x, ++n) {
        const auto i = static_cast<std::ptrdiff_t>(box.low[0] + x), j = static_cast<std::ptrdiff_t>(box.low[1] + y), k = static_cast<std::ptrdiff_t>(box.low[2] + z);
        if (!inside(i, j, k)) continue;
        const bool buried = inside(i - 1, j, k) && inside(i + 1, j, k) && inside(i, j - 1, k) && inside(i, j + 1, k) && inside(i, j, k - 1) && inside(i, j, k + 1);
        result[n] = buried ? 0 : 1;
      }
  return result;
}

/// Lower envelope of parabolas along one line: f becomes min over q of f[q] + (step (p - q))^2.
void transform_line(std::vector<double>& f, double step, std::vector<std::size_t>& apex, std::vector<double>& border, std::vector<double>& out) {
  const std::size_t n = f.size();
  const double s2 = step * step;
  std::size_t k = 0;
  std::size_t first = 0;
  while (first < n && f[first] >= kFar) ++first;
  if (first == n) return;
  apex[0] = first;
  border[0] = -std::numeric_limits<double>::infinity();
  border[1] = std::numeric_limits<double>::infinity();
  for (std::size_t q = first + 1; q < n; ++q) {
    if (f[q] >= kFar) continue;
    const auto cut = [&](std::size_t v) {
      const double a = static_cast<double>(q), b = static_cast<double>(v);
      return ((f[q] + s2 * a * a) - (f[v] + s2 * b * b)) / (2 * s2 * (a - b));
    };
    double at = cut(apex[k]);
    while (at <= border[k]) at = cut(apex[--k]);
    ++k;
    apex[k] = q;
    border[k] = at;
    border[k + 1] = std::numeric_limits<double>::infinity();
  }
  k = 0;
  for (std::size_t q = 0; q < n; ++q) {
    while (border[k + 1] < static_cast<double>(q)) ++k;
    const double d = step * (static_cast<double>(q) - static_cast<double>(apex[k]));
    out[q] = d * d + f[apex[k]];
  }
  f.swap(out);
}

/// Squared distance, mm^2, to the nearest marked voxel of the box.
std::vector<double> squared_distances(const std::vector<std::uint8_t>& marked, const Box& box, const Vec3& spacing) {
  std::vector<double> d(marked.size());
  for (std::size_t n = 0; n < d.size(); ++n) d[n] = marked[n] != 0 ? 0 : kFar;
  const std::array<std::size_t, 3> stride{1, box.size[0], box.size[0] * box.size[1]};
  for (int axis = 0; axis < 3; ++axis) {
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    const std::size_t length = box.size[axis];
    parallel_for(box.size[u] * box.size[v], 256, [&](std::size_t begin, std::size_t end) {
      std::vector<double> line(length), out(length), border(length + 1);
      std::vector<std::size_t> apex(length);
      for (std::size_t n = begin; n < end; ++n) {
        const std::size_t start = (n % box.size[u]) * stride[u] + (n / box.size[u]) * stride[v];
        for (std::size_t q = 0; q < length; ++q) line[q] = d[start + q * stride[axis]];
        transform_line(line, spacing[axis], apex, border, out);
        for (std::size_t q = 0; q < length; ++q) d[start + q * stride[axis]] = line[q];
      }
    });
  }
  return d;
}

std::vector<double> sample(const std::vector<std::uint8_t>& where, const std::vector<double>& squared) {
  std::vector<double> distances;
  for (std::size_t n = 0; n < where.size(); ++n)
    if (where[n] != 0) distances.push_back(std::sqrt(squared[n]));
  return distances;
}

double percentile_of(std::vector<double> values, double percentile) {
  std::sort(values.begin(), values.end());
  const double at = percentile / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace

SurfaceDistances surface_distances(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, const Geometry& geometry) {
  require(prediction.size() == reference.size() && prediction.size() == voxel_count(geometry), ErrorCode::kMismatch, "prediction, reference and grid differ in size");
  require(any(prediction) && any(reference), ErrorCode::kUsage, "surface distances need two masks that are not empty");
  const Box box = bounding_box(prediction, reference, geometry.size);
  const auto prediction_surface = surface(prediction, geometry.size, box);
  const auto reference_surface = surface(reference, geometry.size, box);
  return {sample(prediction_surface, squared_distances(reference_surface, box, geometry.spacing_mm)),
          sample(reference_surface, squared_distances(prediction_surface, box, geometry.spacing_mm))};
}

double diagonal_mm(const Geometry& g) {
  return std::hypot(static_cast<double>(g.size[0]) * g.spacing_mm[0], static_cast<double>(g.size[1]) * g.spacing_mm[1], static_cast<double>(g.size[2]) * g.spacing_mm[2]);
}

double hd95_mm(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, const Geometry& geometry, const HausdorffOptions& options) {
  require(options.percentile > 0 && options.percentile <= 100, ErrorCode::kUsage, "percentile is in (0, 100]");
  require(prediction.size() == reference.size() && prediction.size() == voxel_count(geometry), ErrorCode::kMismatch, "prediction, reference and grid differ in size");
  const bool has_prediction = any(prediction), has_reference = any(reference);
  if (!has_prediction && !has_reference) return 0;
  if (!has_prediction || !has_reference) return options.penalty_mm < 0 ? diagonal_mm(geometry) : options.penalty_mm;
  SurfaceDistances d = surface_distances(prediction, reference, geometry);
  if (options.kind == HausdorffKind::kPooled) {
    d.prediction_to_reference.insert(d.prediction_to_reference.end(), d.reference_to_prediction.begin(), d.reference_to_prediction.end());
    return percentile_of(std::move(d.prediction_to_reference), options.percentile);
  }
  return std::max(percentile_of(std::move(d.prediction_to_reference), options.percentile), percentile_of(std::move(d.reference_to_prediction), options.percentile));
}

}  // namespace consilium::imaging
