#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

// Only for imaging/dicom/*.cpp.

/// Position, orientation and spacing from the items that hold them (one and the same in classic images); false when one is missing
/// or makes no sense. Source: DICOM PS3.3 C.7.6.2.1.1.
bool set_plane(DcmItem& position, DcmItem& orientation, DcmItem& measures, DicomHeader& h);

/// Slice Thickness and Spacing Between Slices, where they are lengths.
void set_thickness(DcmItem& item, DicomHeader& h);

}  // namespace consilium::imaging
