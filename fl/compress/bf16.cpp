#include "fl/compress/bf16.h"

#include <bit>
#include <cmath>

#include "base/error.h"

namespace consilium::fl {

std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value))
    return static_cast<std::uint16_t>((bits >> 16) | 0x40);  // quiet: rounding could carry it into an infinity
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

Parts encode_bf16(std::span<const float> values) {
  Parts planes(2, std::string(values.size(), '\0'));
  for (std::size_t n = 0; n < values.size(); ++n) {
    const std::uint16_t bits = to_bf16(values[n]);
    planes[0][n] = static_cast<char>(bits);
    planes[1][n] = static_cast<char>(bits >> 8);
  }
  return planes;
}

void decode_bf16(PartsView parts, std::span<float> values) {
  require_parts(parts, 2);
  for (const std::string& plane : parts)
    require(plane.size() == values.size(), ErrorCode::kCorruptData, "a plane of bytes has another length than the tensor");
  for (std::size_t n = 0; n < values.size(); ++n)
    values[n] = from_bf16(
        static_cast<std::uint16_t>(static_cast<unsigned char>(parts[0][n]) | static_cast<unsigned char>(parts[1][n]) << 8));
}

}  // namespace consilium::fl
