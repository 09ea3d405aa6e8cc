#include "imaging/dicom/seg_geometry.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

/// Writers round positions to a few digits.
constexpr double kSameDirection = 1e-3, kSamePlane_mm = 0.01, kShareOfStep = 0.05, kShareOfPixel = 0.1;
/// Left-out planes cost a file nothing: it must not claim any number of them.
constexpr double kMostLeftOut = 1024, kMostPlanesPerFrame = 16;

bool close(const Vec3& a, const Vec3& b, double tolerance) {
  for (std::size_t n = 0; n < 3; ++n)
    if (std::abs(a[n] - b[n]) > tolerance) return false;
  return true;
}

void check_alike(const std::vector<DicomHeader>& frames) {
  const DicomHeader& first = frames.front();
  for (const DicomHeader& f : frames) {
    require(f.has_geometry, ErrorCode::kUnsupported,
            "Image Position (0020,0032), Image Orientation (0020,0037) or Pixel Spacing (0028,0030) of frame " +
                std::to_string(f.frame + 1) + " is missing or wrong");
    require(close(f.row, first.row, kSameDirection) && close(f.column, first.column, kSameDirection) &&
                std::abs(f.row_spacing_mm - first.row_spacing_mm) < kSamePlane_mm &&
                std::abs(f.column_spacing_mm - first.column_spacing_mm) < kSamePlane_mm,
            ErrorCode::kUnsupported, "frames of different directions or pixel spacings in one segmentation");
  }
}

std::vector<double> heights_of(const std::vector<DicomHeader>& frames, const Vec3& normal) {
  std::vector<double> heights;
  for (const DicomHeader& f : frames) heights.push_back(dot(normal, f.position_mm));
  return heights;
}

std::vector<double> distinct(std::vector<double> heights) {
  std::sort(heights.begin(), heights.end());
  heights.erase(std::unique(heights.begin(), heights.end(), [](double a, double b) { return b - a < kSamePlane_mm; }), heights.end());
  return heights;
}

/// Whether all heights are whole steps from the first.
bool fits(const std::vector<double>& heights, double step) {
  return std::all_of(heights.begin(), heights.end(), [&](double h) {
    const double steps = (h - heights.front()) / step;
    return std::abs(steps - std::round(steps)) < kShareOfStep;
  });
}

double step_of(const std::vector<double>& heights, const DicomHeader& first) {
  double smallest = 0;
  for (std::size_t n = 1; n < heights.size(); ++n) {
    const double gap = heights[n] - heights[n - 1];
    smallest = smallest == 0 ? gap : std::min(smallest, gap);
  }
  const double lone = first.slice_thickness_mm > 0 ? first.slice_thickness_mm : 1;
  for (const double step : {first.slice_spacing_mm, smallest, heights.size() == 1 ? lone : first.slice_thickness_mm}) {
    if (step < kSamePlane_mm || !fits(heights, step)) continue;
    // What many steps add up to is more exact than one.
    const double extent = heights.back() - heights.front(), steps = std::round(extent / step);
    return steps > 0 ? extent / steps : step;
  }
  throw Error(ErrorCode::kUnsupported, "the planes lie at uneven distances");
}

}  // namespace

SegGrid grid_of(const std::vector<DicomHeader>& frames) {
  require(!frames.empty(), ErrorCode::kCorruptData, "a segmentation without frames");
  check_alike(frames);
  const DicomHeader& first = frames.front();
  const Vec3 normal = cross(first.row, first.column);
  const std::vector<double> heights = heights_of(frames, normal);
  const std::vector<double> levels = distinct(heights);
  const double step = step_of(levels, first);
  const double planes = std::round((levels.back() - levels.front()) / step) + 1;
  require(planes <= kMostLeftOut + kMostPlanesPerFrame * static_cast<double>(frames.size()), ErrorCode::kCorruptData,
          std::to_string(frames.size()) + " frames spread over " + std::to_string(planes) + " planes");
  const auto lowest = static_cast<std::size_t>(std::min_element(heights.begin(), heights.end()) - heights.begin());
  SegGrid grid;
  Geometry& g = grid.geometry;
  g.size = {static_cast<std::size_t>(first.columns), static_cast<std::size_t>(first.rows), static_cast<std::size_t>(planes)};
  g.spacing_mm = {first.column_spacing_mm, first.row_spacing_mm, step};
  g.origin_mm = frames[lowest].position_mm;
  for (std::size_t r = 0; r < 3; ++r) g.direction[r] = {first.row[r], first.column[r], normal[r]};
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const Vec3 index = to_index(g, frames[n].position_mm);
    require(std::abs(index[0]) < kShareOfPixel && std::abs(index[1]) < kShareOfPixel, ErrorCode::kUnsupported,
            "the planes are shifted against each other (a tilted gantry, or several blocks)");
    grid.planes.push_back(static_cast<std::size_t>(std::max(0.0, std::round(index[2]))));
  }
  validate(g);
  return grid;
}

}  // namespace consilium::imaging
