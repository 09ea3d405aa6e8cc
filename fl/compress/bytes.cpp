#include "fl/compress/bytes.h"

namespace consilium::fl {

std::string pack_bits(std::span<const std::uint8_t> codes, int bits) {
  std::string bytes;
  bytes.reserve(packed_bytes(codes.size(), bits));
  std::uint32_t pending = 0;
  int filled = 0;
  for (const std::uint8_t code : codes) {
    pending |= static_cast<std::uint32_t>(code) << filled;
    filled += bits;
    for (; filled >= 8; filled -= 8, pending >>= 8) bytes += static_cast<char>(pending);
  }
  if (filled > 0) bytes += static_cast<char>(pending);
  return bytes;
}

void unpack_bits(std::string_view bytes, int bits, std::span<std::uint8_t> codes) {
  require(
      bytes.size() == packed_bytes(codes.size(), bits), ErrorCode::kCorruptData,
      "expected " + std::to_string(packed_bytes(codes.size(), bits)) + " bytes of codes, found " + std::to_string(bytes.size()));
  const std::uint32_t mask = (1U << bits) - 1;
  std::uint32_t pending = 0;
  int filled = 0;
  std::size_t at = 0;
  for (std::uint8_t& code : codes) {
    for (; filled < bits; filled += 8) pending |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at++])) << filled;
    code = static_cast<std::uint8_t>(pending & mask);
    pending >>= bits;
    filled -= bits;
  }
}

}  // namespace consilium::fl
