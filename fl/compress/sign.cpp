#include "fl/compress/sign.h"

#include <cmath>

#include "fl/compress/bytes.h"

namespace consilium::fl {

Parts encode_sign(std::span<const float> values) {
  double sum = 0;
  std::vector<std::uint8_t> codes(values.size());
  for (std::size_t n = 0; n < values.size(); ++n) {
    sum += std::abs(static_cast<double>(values[n]));
    codes[n] = values[n] < 0 ? 1 : 0;
  }
  Parts parts(1);
  put(parts[0], static_cast<float>(values.empty() ? 0 : sum / static_cast<double>(values.size())));
  parts[0] += pack_bits(codes, 1);
  return parts;
}

void decode_sign(PartsView parts, std::span<float> values) {
  require_parts(parts, 1);
  ByteReader reader(parts[0]);
  const auto scale = reader.take<float>();
  std::vector<std::uint8_t> codes(values.size());
  unpack_bits(std::string_view(parts[0]).substr(sizeof scale), 1, codes);
  for (std::size_t n = 0; n < values.size(); ++n) values[n] = codes[n] == 0 ? scale : -scale;
}

}  // namespace consilium::fl
