#include "fl/compress/values.h"

#include "base/error.h"
#include "fl/compress/bf16.h"
#include "fl/compress/float32.h"
#include "fl/compress/int8.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBlock = 256;  // what was chosen is large, and alike: short blocks cost 1.6 %

}  // namespace

std::string_view to_string(ValueCoding coding) {
  switch (coding) {
    case ValueCoding::kBf16:
      return "bf16";
    case ValueCoding::kInt8:
      return "int8";
    default:
      return "float32";
  }
}

Parts encode_values(ValueCoding coding, std::span<const float> values) {
  switch (coding) {
    case ValueCoding::kBf16:
      return encode_bf16(values);
    case ValueCoding::kInt8:
      return encode_int8(values, kBlock);
    default:
      return encode_float32(values);
  }
}

void decode_values(ValueCoding coding, PartsView parts, std::span<float> values) {
  switch (coding) {
    case ValueCoding::kBf16:
      return decode_bf16(parts, values);
    case ValueCoding::kInt8:
      return decode_int8(parts, values);
    default:
      return decode_float32(parts, values);
  }
}

ValueCoding value_coding(std::uint8_t number) {
  require(number <= static_cast<std::uint8_t>(ValueCoding::kInt8), ErrorCode::kCorruptData,
          "values of coding " + std::to_string(number));
  return static_cast<ValueCoding>(number);
}

}  // namespace consilium::fl
