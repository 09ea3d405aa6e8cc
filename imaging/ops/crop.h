#pragma once

#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// A block of voxels: [low, low + size).
struct IndexBox {
  Size3 low{0, 0, 0};
  Size3 size{0, 0, 0};
  bool operator==(const IndexBox&) const = default;
};

/// The smallest box with every voxel above `above`, grown by `margin` voxels within the image. The whole image when there is none.
IndexBox foreground_box(const Volume& volume, float above = 0, std::size_t margin = 0);

/// @throws Error{kUsage} the box is empty or leaves the image.
Geometry crop(const Geometry& geometry, const IndexBox& box);
Volume crop(const Volume& volume, const IndexBox& box);
LabelMap crop(const LabelMap& labels, const IndexBox& box);

/// Puts `part` (cropped by `box`) back into a map on `whole`, background elsewhere. @throws Error{kMismatch}
LabelMap uncrop(const LabelMap& part, const IndexBox& box, const Geometry& whole);

}  // namespace consilium::imaging
