#include "fl/compress/float32.h"

#include <bit>

#include "base/error.h"

namespace consilium::fl {

Parts encode_float32(std::span<const float> values) {
  Parts planes(4, std::string(values.size(), '\0'));
  for (std::size_t n = 0; n < values.size(); ++n) {
    const auto bits = std::bit_cast<std::uint32_t>(values[n]);
    for (int plane = 0; plane < 4; ++plane) planes[plane][n] = static_cast<char>(bits >> (8 * plane));
  }
  return planes;
}

void decode_float32(PartsView parts, std::span<float> values) {
  require_parts(parts, 4);
  for (const std::string& plane : parts)
    require(plane.size() == values.size(), ErrorCode::kCorruptData, "a plane of bytes has another length than the tensor");
  for (std::size_t n = 0; n < values.size(); ++n) {
    std::uint32_t bits = 0;
    for (int plane = 0; plane < 4; ++plane)
      bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(parts[plane][n])) << (8 * plane);
    values[n] = std::bit_cast<float>(bits);
  }
}

}  // namespace consilium::fl
