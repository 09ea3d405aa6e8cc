#include "imaging/dicom/even.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/parallel.h"
#include "imaging/dicom/load.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

/// Where the first pixel of a slice lies, in the plane of the first one.
struct Place {
  double height_mm, right_mm, down_mm;
};

std::vector<Place> places_of(const Series& series) {
  const DicomHeader& first = series.header();
  const Vec3 normal = cross(first.row, first.column);
  std::vector<Place> places;
  for (const DicomHeader& slice : series.slices) {
    Vec3 way;
    for (std::size_t a = 0; a < 3; ++a) way[a] = slice.position_mm[a] - first.position_mm[a];
    places.push_back({dot(way, normal), dot(way, first.row), dot(way, first.column)});
  }
  return places;
}

/// The slices' own voxels, one after the other.
std::vector<float> load_slices(const Series& series) {
  const DicomHeader& first = series.header();
  require_room(series.slices);
  const std::size_t plane = static_cast<std::size_t>(first.rows) * static_cast<std::size_t>(first.columns);
  std::vector<float> voxels(plane * series.slices.size());
  parallel_for(series.slices.size(), 4, [&](std::size_t begin, std::size_t end) {
    const auto target = std::span(voxels).subspan(begin * plane, (end - begin) * plane);
    load_planes(std::span(series.slices).subspan(begin, end - begin), {},
                {reinterpret_cast<char*>(target.data()), target.size_bytes()});
  });
  return voxels;
}

/// Linear between two neighbours along an axis of `count`; half a pixel outside the edge is repeated.
struct Mix {
  std::size_t low = 0, high = 0;
  double share = 0;  ///< of high
  bool inside = false;
};

Mix mix_at(double index, std::size_t count) {
  if (!(index >= -0.5 && index <= static_cast<double>(count) - 0.5)) return {};
  const double clamped = std::clamp(index, 0.0, static_cast<double>(count) - 1);
  const auto low = static_cast<std::size_t>(clamped);
  return {low, std::min(low + 1, count - 1), clamped - static_cast<double>(low), true};
}

class Resampler {
 public:
  Resampler(const Series& series, const Geometry& grid)
      : grid_(grid),
        places_(places_of(series)),
        columns_(static_cast<std::size_t>(series.header().columns)),
        rows_(static_cast<std::size_t>(series.header().rows)),
        voxels_(load_slices(series)),
        outside_(*std::min_element(voxels_.begin(), voxels_.end())) {
    const Vec3 normal = cross(series.header().row, series.header().column);
    Vec3 way;
    for (std::size_t a = 0; a < 3; ++a) way[a] = grid.origin_mm[a] - series.header().position_mm[a];
    start_ = {dot(way, normal), dot(way, series.header().row), dot(way, series.header().column)};
  }

  void fill(std::size_t k, std::span<float> plane) const {
    const double height = start_.height_mm + static_cast<double>(k) * grid_.spacing_mm[2];
    std::size_t above = 1;
    while (above + 1 < places_.size() && places_[above].height_mm < height) ++above;
    const Place &low = places_[above - 1], &high = places_[above];
    const double share = std::clamp((height - low.height_mm) / (high.height_mm - low.height_mm), 0.0, 1.0);
    std::fill(plane.begin(), plane.end(), 0.0F);
    add(above - 1, 1 - share, plane);
    add(above, share, plane);
  }

 private:
  void add(std::size_t slice, double weight, std::span<float> plane) const {
    if (weight == 0) return;
    const float* pixels = voxels_.data() + slice * rows_ * columns_;
    const Place& place = places_[slice];
    for (std::size_t j = 0; j < grid_.size[1]; ++j) {
      const Mix y = mix_at((start_.down_mm - place.down_mm) / grid_.spacing_mm[1] + static_cast<double>(j), rows_);
      for (std::size_t i = 0; i < grid_.size[0]; ++i) {
        const Mix x = mix_at((start_.right_mm - place.right_mm) / grid_.spacing_mm[0] + static_cast<double>(i), columns_);
        double value = outside_;
        if (x.inside && y.inside) {
          const auto along = [&](std::size_t row) {
            return (1 - x.share) * pixels[row * columns_ + x.low] + x.share * pixels[row * columns_ + x.high];
          };
          value = (1 - y.share) * along(y.low) + y.share * along(y.high);
        }
        plane[j * grid_.size[0] + i] += static_cast<float>(weight * value);
      }
    }
  }

  Geometry grid_;
  std::vector<Place> places_;
  std::size_t columns_, rows_;
  std::vector<float> voxels_;
  float outside_;
  Place start_{};
};

/// Rounding of positions must not add a row or a slice.
constexpr double kRounding = 0.05;

}  // namespace

Geometry even_grid(const Series& series) {
  require(series.slices.size() > 1 && (series.is_uneven || series.tilt_degrees > 0), ErrorCode::kUnsupported,
          "series " + std::to_string(series.header().series_number) + ": " + series.problem);
  const DicomHeader& first = series.header();
  const std::vector<Place> places = places_of(series);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t n = 1; n < places.size(); ++n) least = std::min(least, places[n].height_mm - places[n - 1].height_mm);
  constexpr double kMostTimes = 8;
  const double height = places.back().height_mm;
  const double mean = height / static_cast<double>(places.size() - 1);
  const double step = series.is_uneven ? std::max(least, mean / kMostTimes) : mean;
  // The sheared stack reaches beyond the first slice on one side of each axis.
  const auto [left, right] = std::minmax(0.0, places.back().right_mm);
  const auto [top, bottom] = std::minmax(0.0, places.back().down_mm);
  const auto more = [](double way, double spacing) { return static_cast<std::size_t>(std::ceil(way / spacing - kRounding)); };
  const std::size_t before_x = more(-left, first.column_spacing_mm), before_y = more(-top, first.row_spacing_mm);
  Geometry g;
  const Vec3 normal = cross(first.row, first.column);
  g.spacing_mm = {first.column_spacing_mm, first.row_spacing_mm, step};
  g.size = {static_cast<std::size_t>(first.columns) + before_x + more(right, first.column_spacing_mm),
            static_cast<std::size_t>(first.rows) + before_y + more(bottom, first.row_spacing_mm),
            static_cast<std::size_t>(std::floor(height / step + kRounding)) + 1};
  for (std::size_t a = 0; a < 3; ++a) {
    g.direction[a] = {first.row[a], first.column[a], normal[a]};
    g.origin_mm[a] = first.position_mm[a] - static_cast<double>(before_x) * first.column_spacing_mm * first.row[a] -
                     static_cast<double>(before_y) * first.row_spacing_mm * first.column[a];
  }
  // A tilt within reason adds less than the image has.
  constexpr std::size_t kMostGrowth = 16;
  const std::size_t voxels = static_cast<std::size_t>(first.columns) * static_cast<std::size_t>(first.rows) * places.size();
  require(voxel_count(g) <= kMostGrowth * voxels,
          ErrorCode::kUnsupported, "series " + std::to_string(first.series_number) + ": " + series.problem);
  return g;
}

Geometry stack_grid(const Series& series) {
  if (series.problem.empty()) return series.geometry;
  const DicomHeader& first = series.header();
  const Vec3 normal = cross(first.row, first.column);
  Geometry g;
  g.size = {static_cast<std::size_t>(first.columns), static_cast<std::size_t>(first.rows), series.slices.size()};
  const auto steps = static_cast<double>(std::max<std::size_t>(2, series.slices.size()) - 1);
  const double height = places_of(series).back().height_mm;
  g.spacing_mm = {first.column_spacing_mm, first.row_spacing_mm, height > 0 ? height / steps : 1};
  g.origin_mm = first.position_mm;
  for (std::size_t a = 0; a < 3; ++a) g.direction[a] = {first.row[a], first.column[a], normal[a]};
  return g;
}

Volume load_even(const Series& series) {
  Volume volume{even_grid(series), {}};
  require(!is_colour(series.header()), ErrorCode::kUnsupported, "colours are not resampled");
  const Resampler resampler(series, volume.geometry);
  const std::size_t plane = volume.geometry.size[0] * volume.geometry.size[1];
  volume.voxels.resize(plane * volume.geometry.size[2]);
  parallel_for(volume.geometry.size[2], 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) resampler.fill(k, std::span(volume.voxels).subspan(k * plane, plane));
  });
  return volume;
}

Vec3 slice_step_mm(const Series& series) {
  const DicomHeader &first = series.slices.front(), &last = series.slices.back();
  Vec3 step;
  for (std::size_t a = 0; a < 3; ++a)
    step[a] = (last.position_mm[a] - first.position_mm[a]) / static_cast<double>(series.slices.size() - 1);
  return step;
}

}  // namespace consilium::imaging
