#include "tests/fuzz/mutate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace consilium::fuzz {
namespace {

constexpr std::size_t kLongest = 1 << 16;

std::size_t place(const Bytes& bytes, Rng& rng) { return rng.below(bytes.size() + 1); }

void put_edge_number(Bytes& bytes, Rng& rng) {
  constexpr std::array<std::uint64_t, 14> kEdges{0,
                                                 1,
                                                 2,
                                                 0x7F,
                                                 0x80,
                                                 0xFF,
                                                 0x7FFF,
                                                 0x8000,
                                                 0xFFFF,
                                                 0x7FFFFFFF,
                                                 0x80000000,
                                                 0xFFFFFFFF,
                                                 0x7FFFFFFFFFFFFFFF,
                                                 0xFFFFFFFFFFFFFFFF};
  const std::size_t width = std::size_t{1} << rng.below(4);
  if (bytes.size() < width) return;
  const std::size_t at = rng.below(bytes.size() - width + 1);
  const std::uint64_t value = kEdges[rng.below(kEdges.size())];
  const bool big_endian = rng.chance(0.5);
  for (std::size_t n = 0; n < width; ++n)
    bytes[at + (big_endian ? width - 1 - n : n)] = static_cast<std::uint8_t>(value >> (8 * n));
}

/// A number in a text: JSON, DICOM's decimal strings.
void put_decimal_number(Bytes& bytes, Rng& rng) {
  constexpr std::array<std::string_view, 12> kNumbers{
      "0",   "-1",    "1e308", "-1e-308", "2147483648", "4294967296", "-9223372036854775808", "18446744073709551616",
      "0.1", "1e999", "null",  "[]"};
  const auto is_digit = [](std::uint8_t c) { return std::isdigit(c) != 0; };
  const auto begin = std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(place(bytes, rng)), bytes.end(), is_digit);
  const auto end = std::find_if_not(begin, bytes.end(), is_digit);
  const std::string_view number = kNumbers[rng.below(kNumbers.size())];
  const auto at = bytes.erase(begin, end);
  bytes.insert(at, number.begin(), number.end());
}

Bytes block(const Bytes& bytes, Rng& rng) {
  const std::size_t from = place(bytes, rng);
  const std::size_t count = std::min<std::size_t>(bytes.size() - from, 1 + rng.below(64));
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

void insert(Bytes& bytes, const Bytes& what, Rng& rng) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(place(bytes, rng)), what.begin(), what.end());
}

void overwrite(Bytes& bytes, const Bytes& what, Rng& rng) {
  const std::size_t at = place(bytes, rng);
  std::copy_n(what.begin(), std::min(what.size(), bytes.size() - at), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

void cut(Bytes& bytes, Rng& rng) {
  const std::size_t from = place(bytes, rng);
  const std::size_t count = std::min<std::size_t>(bytes.size() - from, 1 + rng.below(64));
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
  bytes.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
}

void step(Bytes& bytes, const Bytes& other, Rng& rng) {
  if (bytes.empty()) bytes.push_back(0);
  switch (rng.below(9)) {
    case 0:
      bytes[rng.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << rng.below(8));
      break;
    case 1:
      bytes[rng.below(bytes.size())] = static_cast<std::uint8_t>(rng.below(256));
      break;
    case 2:
      put_edge_number(bytes, rng);
      break;
    case 3:
      put_decimal_number(bytes, rng);
      break;
    case 4:
      insert(bytes, block(bytes, rng), rng);
      break;
    case 5:
      overwrite(bytes, block(bytes, rng), rng);
      break;
    case 6:
      insert(bytes, block(other, rng), rng);
      break;
    case 7:
      cut(bytes, rng);
      break;
    default:
      bytes.resize(rng.chance(0.5) ? place(bytes, rng) : bytes.size());
      break;
  }
  if (bytes.size() > kLongest) bytes.resize(kLongest);
}

}  // namespace

Bytes mutate(const Bytes& bytes, const Bytes& other, Rng& rng) {
  Bytes changed = bytes;
  for (std::uint64_t steps = 1 + rng.below(4); steps > 0; --steps) step(changed, other, rng);
  return changed;
}

}  // namespace consilium::fuzz
