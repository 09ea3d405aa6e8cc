#pragma once

#include <cstdint>
#include <span>

#include "fl/compress/parts.h"

namespace consilium::fl {

/// The upper half of a float32: 8 bits of exponent, 7 of mantissa. Rounded to the nearest, half to the even one; relative error
/// at most 2^-8. A finite value that would round to infinity becomes infinite, NaN stays NaN.
std::uint16_t to_bf16(float value);
float from_bf16(std::uint16_t bits);

/// Two planes of bytes, the upper one (sign and exponent) compresses.
Parts encode_bf16(std::span<const float> values);
/// @throws Error{kCorruptData}
void decode_bf16(PartsView parts, std::span<float> values);

}  // namespace consilium::fl
