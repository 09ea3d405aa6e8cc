#pragma once

#include <cstdint>
#include <span>

#include "fl/compress/parts.h"

namespace consilium::fl {

/// round(x / scale), half to even, clamped to [-127, 127]; 0 where the scale is 0.
std::int8_t quantise_int8(float value, float scale);

/// Affine quantisation with zero point 0, for updates lie around 0 and a weight that did not move shall not: x ~ scale q with one
/// scale, max |x| / 127, per block of values. Error at most scale / 2.
Parts encode_int8(std::span<const float> values, std::size_t block);
/// @throws Error{kCorruptData}
void decode_int8(PartsView parts, std::span<float> values);

}  // namespace consilium::fl
