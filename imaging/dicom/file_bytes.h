#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <string>

namespace consilium::imaging {

/// The whole file, explicit VR little endian. Only for imaging/dicom/*.cpp. DCMTK's own writer to disk does not notice a full disk
/// when a small file's buffer is flushed on closing.
std::string file_bytes_of(DcmFileFormat& file);

}  // namespace consilium::imaging
