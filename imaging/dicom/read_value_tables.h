#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// The tables that `h`'s values go through, by photometric interpretation and sign. Entries of 8 bits may be packed two to a word.
/// Source: DICOM PS3.3 C.11.1 (Modality LUT), C.7.6.3.1.5 and C.7.6.3.1.6 (palette).
ValueTables read_value_tables(DcmItem& data_set, const DicomHeader& h);

}  // namespace consilium::imaging
