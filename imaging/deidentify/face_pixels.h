#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "imaging/deidentify/deidentify.h"

namespace consilium::imaging {

/// Decodes the pixels of the slices' file, puts air in place of the face, and leaves them in `data_set` uncompressed. Air is -1000 HU
/// in CT and 0 elsewhere, or the nearest that the file can store. Only for imaging/deidentify/*.cpp.
/// @throws Error{kUnsupported} colours; frames that none of the slices is of; what FrameSource throws.
void remove_face(DcmDataset& data_set, const FaceToRemove& face);

}  // namespace consilium::imaging
