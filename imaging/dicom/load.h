#pragma once

#include "imaging/dicom/scan.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// The voxels of a series: Rescale Slope and Intercept of each slice applied, so CT is in HU and PET in the unit of Units
/// (0054,1001).
///
/// Slices are read on thread_limit() threads. Encodings: uncompressed, deflated, RLE, JPEG (baseline, extended, lossless) and
/// JPEG-LS.
/// @throws Error{kUnsupported} `series.problem` says why there is no volume, or an encoding that is not decoded (JPEG 2000),
/// named; Error{kCorruptData} naming a file whose pixels are missing or too few. Source: DICOM PS3.3 C.7.6.3 (Image Pixel),
/// C.11.1 (Modality LUT: value = slope * stored + intercept).
Volume load_series(const Series& series);

}  // namespace consilium::imaging
