#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <string>

namespace consilium::imaging {

/// The whole file in a transfer syntax. Only for imaging/dicom/*.cpp and imaging/deidentify/*.cpp. DCMTK's own writer to disk does not notice a full disk
/// when a small file's buffer is flushed on closing.
std::string file_bytes_of(DcmFileFormat& file, E_TransferSyntax syntax = EXS_LittleEndianExplicit, E_GrpLenEncoding group_lengths = EGL_recalcGL);

}  // namespace consilium::imaging
