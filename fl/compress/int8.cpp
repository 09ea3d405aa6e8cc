#include "fl/compress/int8.h"

#include <cmath>

#include "base/error.h"
#include "fl/compress/blocks.h"

namespace consilium::fl {

std::int8_t quantise_int8(float value, float scale) {
  if (!(scale > 0)) return 0;
  return static_cast<std::int8_t>(
      std::nearbyint(std::clamp(value / scale, -127.0F, 127.0F)));  // the default mode rounds half to even
}

Parts encode_int8(std::span<const float> values, std::size_t block) {
  Parts parts(2);
  put(parts[0], static_cast<std::uint32_t>(block));
  parts[1].resize(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    const auto piece = values.subspan(begin, std::min(block, values.size() - begin));
    const float scale = largest_magnitude(piece) / 127;
    put(parts[0], scale);
    for (std::size_t n = 0; n < piece.size(); ++n) parts[1][begin + n] = static_cast<char>(quantise_int8(piece[n], scale));
  }
  return parts;
}

void decode_int8(PartsView parts, std::span<float> values) {
  require_parts(parts, 2);
  ByteReader scales(parts[0]);
  const std::size_t block = take_block(scales);
  require(parts[1].size() == values.size(), ErrorCode::kCorruptData, "there are not as many codes as values");
  for (std::size_t begin = 0; begin < values.size(); begin += block) {
    const auto scale = scales.take<float>();
    const std::size_t end = std::min(begin + block, values.size());
    for (std::size_t n = begin; n < end; ++n) values[n] = scale * static_cast<float>(static_cast<std::int8_t>(parts[1][n]));
  }
  scales.finish();
}

}  // namespace consilium::fl
