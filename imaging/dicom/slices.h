#pragma once

#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::imaging {

/// Makes series of slices that share everything but their position: orders them, tells images at one position apart as volumes, and derives
/// the block's geometry or the reason why there is none.
std::vector<Series> arrange_slices(std::vector<DicomHeader> slices);

}  // namespace consilium::imaging
