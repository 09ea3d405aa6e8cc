#pragma once

#include <span>
#include <string_view>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// Decodes a JPEG 2000 codestream (with or without JP2 boxes; Part 15 as well) of Rows x Columns into cells of Bits Allocated.
/// Samples that the codestream calls unsigned and the header signed are sign-extended from the codestream's precision.
/// @throws Error{kCorruptData} naming the file. Source: ISO/IEC 15444-1; DICOM PS3.5 section 8.2.4.
void decode_jpeg2000(const DicomHeader& h, std::string_view codestream, std::span<char> cells);

}  // namespace consilium::imaging
