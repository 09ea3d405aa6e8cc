#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// What GE MR tells of a classic image outside its image type, as `content` of `h`:
/// - (0043,xx2F) 1, 2, 3: phase, real part, imaginary part.
/// - B0 maps, (0019,xx9C) or (0019,xx9E): the first (0021,xx4F) images are the field map in Hz, the others the magnitude.
/// - The sequence epi_pepolar stores images of reversed phase encoding with their rows in reverse order and says nothing of it in the plane: which they are
///   follows from (0019,xxB3), 1 all, 2 those of odd and 3 those of even Temporal Position. The plane of `h` is set right.
/// Source: GE, DICOM conformance statement for Signa; dcm2niix, issues 501 and 532.
void read_ge_content(DcmItem& item, DicomHeader& h);

}  // namespace consilium::imaging
