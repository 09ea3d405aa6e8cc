#pragma once

#include <string>
#include <vector>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// A grid and where in it each frame lies.
struct SegGrid {
  Geometry geometry;
  std::vector<std::size_t> planes;  ///< one per frame
};

/// The evenly spaced planes on which frames lie. The distance is Spacing Between Slices where the frames fit it, else the smallest
/// gap, else the slice thickness: frames that hold nothing are often left out.
/// @throws Error{kUnsupported} no such planes; Error{kCorruptData} frames of different size or direction, or a claimed grid much
/// larger than the frames there are.
SegGrid grid_of(const std::vector<DicomHeader>& frames);

}  // namespace consilium::imaging
