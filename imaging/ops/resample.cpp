#include "imaging/ops/resample.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/ops/interpolate_linear.h"

namespace consilium::imaging {
namespace {

/// Continuous index in `from` of each voxel of `to` is affine: index = start + i * step[0] + j * step[1] + k * step[2].
struct IndexMap {
  Vec3 start;
  std::array<Vec3, 3> step;
};

IndexMap map_between(const Geometry& from, const Geometry& to) {
  IndexMap map{to_index(from, to.origin_mm), {}};
  for (int c = 0; c < 3; ++c) {
    Vec3 unit{0, 0, 0};
    unit[c] = 1;
    const Vec3 there = to_index(from, to_position_mm(to, unit));
    for (int r = 0; r < 3; ++r) map.step[c][r] = there[r] - map.start[r];
  }
  return map;
}

/// Rounding noise of two transforms must not turn "on the voxel" into "beside it".
double snap(double x) {
  const double near = std::round(x);
  return std::abs(x - near) < 1e-6 ? near : x;
}

template <typename Visit>
void for_each_voxel(const Geometry& from, const Geometry& grid, const Visit& visit) {
  validate(from);
  validate(grid);
  const IndexMap map = map_between(from, grid);
  const Size3 size = grid.size;
  parallel_for(size[1] * size[2], 64, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const auto j = static_cast<double>(row % size[1]), k = static_cast<double>(row / size[1]);
      for (std::size_t i = 0; i < size[0]; ++i) {
        Vec3 at;
        bool inside = true;
        for (int r = 0; r < 3; ++r) {
          at[r] = snap(map.start[r] + static_cast<double>(i) * map.step[0][r] + j * map.step[1][r] + k * map.step[2][r]);
          inside = inside && at[r] >= -0.5 && at[r] < static_cast<double>(from.size[r]) - 0.5;
        }
        visit(row * size[0] + i, at, inside);
      }
    }
  });
}

std::size_t nearest_offset(const Size3& size, const Vec3& at) {
  Size3 index;
  // floor(x + 0.5): ties go up, as in ITK.
  for (int r = 0; r < 3; ++r) index[r] = static_cast<std::size_t>(std::clamp(std::floor(at[r] + 0.5), 0.0, static_cast<double>(size[r]) - 1));
  return offset_of(size, index[0], index[1], index[2]);
}

/// Index beyond the edge, mirrored on the outermost voxel centres (the boundary that the prefilter assumes).
std::size_t mirror(std::ptrdiff_t i, std::size_t size) {
  if (size == 1) return 0;
  const auto period = static_cast<std::ptrdiff_t>(2 * (size - 1));
  i = ((i % period) + period) % period;
  return static_cast<std::size_t>(i < static_cast<std::ptrdiff_t>(size) ? i : period - i);
}

/// Samples -> cubic B-spline coefficients along one line, in place. Source: Unser, box 2.
void prefilter_line(std::vector<double>& c) {
  const std::size_t n = c.size();
  if (n == 1) return;
  const double z = std::sqrt(3.0) - 2;
  for (double& value : c) value *= 6;
  double sum = 0;
  // The exact mirrored sum: one period of 2n - 2 samples.
  const auto period = static_cast<std::ptrdiff_t>(2 * (n - 1));
  for (std::ptrdiff_t i = 0; i < period; ++i) sum += c[mirror(i, n)] * std::pow(z, static_cast<double>(i));
  c[0] = sum / (1 - std::pow(z, static_cast<double>(period)));
  for (std::size_t i = 1; i < n; ++i) c[i] += z * c[i - 1];
  c[n - 1] = z / (z * z - 1) * (c[n - 1] + z * c[n - 2]);
  for (std::size_t i = n - 1; i-- > 0;) c[i] = z * (c[i + 1] - c[i]);
}

std::vector<double> spline_coefficients(const Volume& volume) {
  const Size3& size = volume.geometry.size;
  std::vector<double> c(volume.voxels.begin(), volume.voxels.end());
  const std::array<std::size_t, 3> stride{1, size[0], size[0] * size[1]};
  for (int axis = 0; axis < 3; ++axis) {
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    parallel_for(size[u] * size[v], 256, [&](std::size_t begin, std::size_t end) {
      std::vector<double> line(size[axis]);
      for (std::size_t n = begin; n < end; ++n) {
        const std::size_t start = (n % size[u]) * stride[u] + (n / size[u]) * stride[v];
        for (std::size_t q = 0; q < line.size(); ++q) line[q] = c[start + q * stride[axis]];
        prefilter_line(line);
        for (std::size_t q = 0; q < line.size(); ++q) c[start + q * stride[axis]] = line[q];
      }
    });
  }
  return c;
}

float spline(const std::vector<double>& c, const Size3& size, const Vec3& at) {
  std::array<std::array<double, 4>, 3> weight;
  std::array<std::array<std::size_t, 4>, 3> index;
  for (int r = 0; r < 3; ++r) {
    const double floor = std::floor(at[r]), t = at[r] - floor;
    weight[r] = {(1 - t) * (1 - t) * (1 - t) / 6, 2.0 / 3 - t * t + t * t * t / 2, 2.0 / 3 - (1 - t) * (1 - t) + (1 - t) * (1 - t) * (1 - t) / 2, t * t * t / 6};
    for (int n = 0; n < 4; ++n) index[r][n] = mirror(static_cast<std::ptrdiff_t>(floor) - 1 + n, size[r]);
  }
  double sum = 0;
  for (int z = 0; z < 4; ++z)
    for (int y = 0; y < 4; ++y) {
      double row = 0;
      for (int x = 0; x < 4; ++x) row += weight[0][x] * c[offset_of(size, index[0][x], index[1][y], index[2][z])];
      sum += weight[2][z] * weight[1][y] * row;
    }
  return static_cast<float>(sum);
}

}  // namespace

Volume resample(const Volume& moving, const Geometry& grid, const ResampleOptions& options) {
  Volume result{grid, std::vector<float>(voxel_count(grid))};
  const Size3& size = moving.geometry.size;
  std::vector<double> coefficients;
  if (options.interpolation == Interpolation::kBSpline) coefficients = spline_coefficients(moving);
  for_each_voxel(moving.geometry, grid, [&](std::size_t n, const Vec3& at, bool inside) {
    if (!inside) {
      result.voxels[n] = options.outside;
      return;
    }
    switch (options.interpolation) {
      case Interpolation::kNearest: result.voxels[n] = moving.voxels[nearest_offset(size, at)]; break;
      case Interpolation::kLinear: result.voxels[n] = static_cast<float>(interpolate_linear(moving.voxels, size, at)); break;
      case Interpolation::kBSpline: result.voxels[n] = spline(coefficients, size, at); break;
    }
  });
  return result;
}

LabelMap resample_labels(const LabelMap& moving, const Geometry& grid) {
  LabelMap result{grid, std::vector<Label>(voxel_count(grid), 0)};
  for_each_voxel(moving.geometry, grid, [&](std::size_t n, const Vec3& at, bool inside) {
    if (inside) result.labels[n] = moving.labels[nearest_offset(moving.geometry.size, at)];
  });
  return result;
}

Geometry grid_with_spacing(const Geometry& geometry, const Vec3& spacing_mm) {
  constexpr double kMostVoxels = 2147483648.0;  // 8 GiB of floats
  Geometry grid = geometry;
  Vec3 first;
  double voxels = 1;
  for (int axis = 0; axis < 3; ++axis) {
    require(std::isfinite(spacing_mm[axis]) && spacing_mm[axis] > 0, ErrorCode::kUsage, "a voxel spacing is a positive number of millimetres");
    const double ratio = spacing_mm[axis] / geometry.spacing_mm[axis];
    // nearbyint: halves to even, as Python's round in nnU-Net.
    const double size = std::max(1.0, std::nearbyint(static_cast<double>(geometry.size[axis]) / ratio));
    voxels *= size;
    require(voxels <= kMostVoxels, ErrorCode::kUsage, "a voxel spacing of " + std::to_string(spacing_mm[axis]) + " mm makes more than 2^31 voxels of this image");
    grid.size[axis] = static_cast<std::size_t>(size);
    grid.spacing_mm[axis] = spacing_mm[axis];
    first[axis] = (ratio - 1) / 2;  // centre of the first new voxel, in old voxels
  }
  grid.origin_mm = to_position_mm(geometry, first);
  return grid;
}

}  // namespace consilium::imaging
