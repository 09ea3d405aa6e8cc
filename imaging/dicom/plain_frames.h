#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <vector>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// One header per frame of an image without functional groups, from `file`, which holds what the file says as a whole. Frames that
/// nothing places come back with `has_geometry` false.
///
/// Reconstructed nuclear medicine: position and orientation of the frame's detector, slices along the normal by Slice Vector
/// (0054,0080) and the signed Spacing Between Slices (0018,0088); energy windows, heart beats and times make volumes.
/// Any other: Image Position and Orientation of the first frame and a Spacing Between Slices above 0, along the normal; frames in
/// time (Frame Increment Pointer (0028,0009) names Frame Time) lie at one place.
/// @throws Error{kUnsupported} what is missing, or that frames are projections; Error{kCorruptData} fewer indices than frames.
/// Source: DICOM PS3.3 C.7.6.6, C.8.4.8, C.8.4.11 and C.8.4.15 (sign of the spacing), C.8.6.4.
std::vector<DicomHeader> plain_frames_of(DcmItem& data_set, const DicomHeader& file);

/// Whether frames are told by functional groups, whatever kind of image it is.
bool has_frame_groups(DcmItem& data_set);

}  // namespace consilium::imaging
