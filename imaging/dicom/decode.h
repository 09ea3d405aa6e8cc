#pragma once

#include <span>
#include <string_view>

#include "imaging/dicom/header.h"

namespace consilium::imaging {

/// Decodes the fragments of one frame into `cells`: samples of Bits Allocated, in host byte order, as many as the stored frame has.
///
/// RLE, JPEG (baseline, extended, lossless), JPEG-LS, JPEG 2000, High-Throughput JPEG 2000 and deflated frames.
/// True when the samples of a colour image are red, green and blue now, whatever the file says of them.
/// @throws Error{kUnsupported} naming the encoding; Error{kCorruptData}. Source: DICOM PS3.5 annex A.4.
bool decode_frame(const DicomHeader& h, std::string_view encoded, std::span<char> cells);

}  // namespace consilium::imaging
