#include "imaging/dicom/rtstruct_mask.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"

namespace consilium::imaging {
namespace {

/// Of the distance between planes. Contours are drawn on planes, but their numbers are rounded, and some systems tilt them a little.
constexpr double kFlat = 0.5, kSameLevel = 0.05;
constexpr double kFarthest = 1e7;  // voxels

struct PlacedContour {
  double level;  ///< continuous index of the plane
  Polygon2 polygon;
};

PlacedContour placed(const Contour& contour, const Geometry& grid, const Segment& segment) {
  PlacedContour result{0, {}};
  double lowest = 0, highest = 0;
  for (const Vec3& point : contour.points_mm) {
    const Vec3 index = to_index(grid, point);
    const bool is_near = std::all_of(index.begin(), index.end(), [](double n) { return std::abs(n) < kFarthest; });
    require(is_near, ErrorCode::kCorruptData, "region " + std::to_string(segment.number) + ": a contour lies far outside of any patient");
    const bool is_first = result.polygon.empty();
    lowest = is_first ? index[2] : std::min(lowest, index[2]);
    highest = is_first ? index[2] : std::max(highest, index[2]);
    result.level += index[2] / static_cast<double>(contour.points_mm.size());
    result.polygon.push_back({index[0], index[1]});
  }
  require(highest - lowest <= kFlat, ErrorCode::kUnsupported,
          "region " + std::to_string(segment.number) + ": a contour crosses the planes of the images; contours of reformatted planes are not read");
  return result;
}

std::string counted(std::size_t count, const std::string& what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

ContourMask::ContourMask(const ContourSet& set, const Geometry& grid) : grid_(grid), polygons_on_(grid.size[2]) {
  for (const ContouredRegion& region : set.regions) segments_.push_back(region.segment);
  choose_labels(segments_);
  for (std::size_t n = 0; n < set.regions.size(); ++n) place(set.regions[n], n);
  const bool is_any = std::any_of(polygons_on_.begin(), polygons_on_.end(), [](const auto& plane) { return !plane.empty(); });
  require(is_any, ErrorCode::kMismatch, set.header.file.string() + ": no contour lies on the images");
}

void ContourMask::place(const ContouredRegion& region, std::size_t index) {
  const std::string name = "region " + std::to_string(region.segment.number) + ": ";
  if (region.left_out > 0) notes_.push_back(name + counted(region.left_out, "contour") + " left out that enclose nothing (points, open lines)");
  std::map<std::size_t, std::vector<PlacedContour>> on_plane;
  std::size_t outside = 0;
  for (const Contour& contour : region.contours) {
    PlacedContour one = placed(contour, grid_, region.segment);
    const double plane = std::round(one.level);
    if (plane < 0 || plane >= static_cast<double>(grid_.size[2])) {
      ++outside;
    } else {
      on_plane[static_cast<std::size_t>(plane)].push_back(std::move(one));
    }
  }
  if (outside > 0) notes_.push_back(name + counted(outside, "contour") + " left out that lie above or below the images");
  std::size_t between = 0;
  for (auto& [plane, contours] : on_plane) {
    const auto distance = [&, middle = static_cast<double>(plane)](const PlacedContour& c) { return std::abs(c.level - middle); };
    const double level = std::min_element(contours.begin(), contours.end(), [&](const auto& a, const auto& b) { return distance(a) < distance(b); })->level;
    std::vector<Polygon2> polygons;
    for (PlacedContour& contour : contours) {
      if (std::abs(contour.level - level) <= kSameLevel) {
        polygons.push_back(std::move(contour.polygon));
      } else {
        ++between;
      }
    }
    polygons_on_[plane].emplace_back(index, std::move(polygons));
  }
  if (between > 0) notes_.push_back(name + counted(between, "contour") + " left out that lie closer than the planes of the images");
  if (on_plane.empty()) return;
  const std::size_t empty = on_plane.rbegin()->first - on_plane.begin()->first + 1 - on_plane.size();
  if (empty > 0) notes_.push_back(name + counted(empty, "plane") + " between contours without one stay empty");
}

Structures ContourMask::structures() const {
  return {grid_, segments_, [this](std::size_t plane, const PlaneVisitor& visit) {
            std::vector<std::uint8_t> mask(grid_.size[0] * grid_.size[1]);
            for (const auto& [region, polygons] : polygons_on_.at(plane)) {
              std::fill(mask.begin(), mask.end(), std::uint8_t{0});
              fill_polygons(polygons, grid_.size[0], grid_.size[1], mask);
              visit(region, mask);
            }
          }};
}

}  // namespace consilium::imaging
