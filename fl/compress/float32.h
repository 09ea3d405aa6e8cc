#pragma once

#include <span>

#include "fl/compress/parts.h"

namespace consilium::fl {

/// The values as they are, in four planes of bytes (lowest first): zstd finds nothing in mixed bytes, but signs and exponents
/// repeat.
Parts encode_float32(std::span<const float> values);
/// @throws Error{kCorruptData}
void decode_float32(PartsView parts, std::span<float> values);

}  // namespace consilium::fl
