#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// Siemens (image type MOSAIC) and United Imaging (VFRAME) lay the slices of a volume as tiles into one image, row by row from the top left.
bool is_mosaic(const DicomHeader& file);

/// One header per tile.
///
/// Siemens: the number of slices is (0019,xx0A) or the CSA header's NumberOfImagesInMosaic; tiles lie in the smallest
/// square that holds them. Image Position is that of an image as large as the mosaic around the middle of the first slice, so the
/// slice begins
///   position + row * (mosaic columns - tile columns)/2 * spacing + column * (mosaic rows - tile rows)/2 * spacing
/// and slice k lies k steps along the CSA header's SliceNormalVector, which may run against row x column.
///
/// United Imaging: the MR VFrame Sequence (0065,xx51) holds an item per slice with its Image Position and Acquisition Time. Tiles lie in as many columns
/// as the smallest square has, in no more rows than they need.
/// @throws Error{kUnsupported} the number of slices or their place is not told; Error{kCorruptData} tiles do not fit the image.
/// Source: NiBabel documentation, "DICOM Siemens mosaic"; Siemens, syngo MR DICOM conformance statement; United Imaging, uMR DICOM conformance statement.
std::vector<DicomHeader> tiles_of(DcmItem& data_set, const DicomHeader& file);

}  // namespace consilium::imaging
