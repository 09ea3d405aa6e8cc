#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// One header per frame of an enhanced image, from `file`, which holds what the file says as a whole: position, orientation,
/// spacing, scale, times and type come from the frame's functional groups, else from the shared ones.
///
/// Dimension indices that do not tell the place of a slice order the frames of one place.
/// @throws Error{kCorruptData} fewer functional groups than frames. Source: DICOM PS3.3 C.7.6.16 and C.7.6.17.
std::vector<DicomHeader> frames_of(DcmItem& data_set, const DicomHeader& file);

}  // namespace consilium::imaging
