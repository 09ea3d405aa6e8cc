#pragma once

#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// Series of the images of a study, by series number, part and volume: images of one Series Instance UID that share size,
/// spacing, orientation, image type and echo time, within what vendors round differently from slice to slice.
std::vector<Series> group_series(std::vector<DicomHeader> images);

/// Makes series of slices that share everything but their position: orders them, tells images at one position apart as volumes,
/// and derives the block's geometry or the reason why there is none.
std::vector<Series> arrange_slices(std::vector<DicomHeader> slices);

}  // namespace consilium::imaging
