#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fl/compress/parts.h"

namespace consilium::fl {

/// How numbers are written that a codec has chosen or computed (top-k's values, PowerSGD's factors). The numbers are those of the
/// format.
enum class ValueCoding : std::uint8_t { kFloat32 = 0, kBf16 = 1, kInt8 = 2 };
std::string_view to_string(ValueCoding coding);

Parts encode_values(ValueCoding coding, std::span<const float> values);
/// @throws Error{kCorruptData}
void decode_values(ValueCoding coding, PartsView parts, std::span<float> values);
/// @throws Error{kCorruptData} no such coding.
ValueCoding value_coding(std::uint8_t number);

}  // namespace consilium::fl
