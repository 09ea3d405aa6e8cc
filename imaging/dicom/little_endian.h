#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace consilium::imaging {

/// `count` bytes from `at` on as a number, the lowest first. They must be there.
inline std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count = 4) {
  std::uint32_t value = 0;
  for (std::size_t n = count; n-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + n]);
  return value;
}

}  // namespace consilium::imaging
