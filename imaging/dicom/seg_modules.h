#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

#include "imaging/dicom/seg_write.h"

namespace consilium::imaging {

// Parts of a segmentation to be written. Only for imaging/dicom/*.cpp.

/// A frame to be written: which segment (by its place; 0 of a label map) and which plane.
struct SegFramePlan {
  std::size_t segment;
  std::size_t plane;
};

/// Patient and Study as the images of `source` have them, their frame of reference, and what this series is.
void put_seg_identity(DcmItem& item, const Series& source, const SegWriteOptions& options);

/// Segmentation Image, Image Pixel.
void put_seg_format(DcmItem& item, const Geometry& grid, const SegWriteOptions& options, std::size_t frames);

/// Which images were segmented: the whole series.
void put_seg_references(DcmItem& item, const Series& source);

/// Dimensions, and the functional groups of every frame.
void put_seg_frames(DcmItem& item, const Series& source, const SegContent& content, const SegWriteOptions& options,
                    const std::vector<SegFramePlan>& frames, const std::string& uid_name);

}  // namespace consilium::imaging
