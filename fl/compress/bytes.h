#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace consilium::fl {

static_assert(std::endian::native == std::endian::little, "numbers in compressed updates are little endian");

template <typename T>
requires std::is_arithmetic_v<T>
void put(std::string& bytes, T value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); }

/// 7 bits a byte, lowest first; the high bit says that more follow.
inline void put_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

/// Takes numbers off the front of bytes. Every call: @throws Error{kCorruptData} when the bytes end before the number does.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_arithmetic_v<T> T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof value).data(), sizeof value);
    return value;
  }
  std::uint64_t take_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const auto byte = take<std::uint8_t>();
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw Error(ErrorCode::kCorruptData, "a number is longer than 63 bits");
  }
  std::string_view take_bytes(std::size_t count) {
    require(count <= bytes_.size(), ErrorCode::kCorruptData, "the bytes end too early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  void finish() const { require(bytes_.empty(), ErrorCode::kCorruptData, "bytes are left over"); }

 private:
  std::string_view bytes_;
};

/// Codes of `bits` (1 to 8) bits each, lowest bits first, without gaps.
std::string pack_bits(std::span<const std::uint8_t> codes, int bits);
/// @throws Error{kCorruptData} the bytes are not as many as the codes take.
void unpack_bits(std::string_view bytes, int bits, std::span<std::uint8_t> codes);
constexpr std::size_t packed_bytes(std::size_t count, int bits) { return (count * static_cast<std::size_t>(bits) + 7) / 8; }

}  // namespace consilium::fl
