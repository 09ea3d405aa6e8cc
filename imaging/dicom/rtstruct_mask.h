#pragma once

#include <string>
#include <vector>

#include "imaging/dicom/rtstruct_read.h"
#include "imaging/ops/fill_polygons.h"

namespace consilium::imaging {

/// Contours as voxels of the images that they were drawn on.
///
/// A voxel belongs to a region when its centre lies inside an odd number of the region's contours of its plane: a contour within
/// another is a hole, as is a keyhole. A contour belongs to the plane that its points are nearest to; where contours lie closer
/// than planes, each plane has those nearest to its middle. Planes between contoured ones stay empty: nothing is interpolated.
class ContourMask {
 public:
  /// Labels are chosen by choose_labels.
  /// @throws Error{kMismatch} no contour lies on the grid; Error{kUnsupported} contours that are not parallel to its planes.
  ContourMask(const ContourSet& set, const Geometry& grid);

  /// It refers to this object, which must outlive it.
  Structures structures() const;
  /// What was left out, and regions that skip planes: one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  void place(const ContouredRegion& region, std::size_t index);

  Geometry grid_;
  std::vector<Segment> segments_;
  std::vector<std::vector<std::pair<std::size_t, std::vector<Polygon2>>>> polygons_on_;  ///< of each plane: region and its polygons
  std::vector<std::string> notes_;
};

}  // namespace consilium::imaging
