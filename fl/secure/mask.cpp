#include "fl/secure/mask.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "fl/secure/chacha20.h"

namespace consilium::fl {

static_assert(std::endian::native == std::endian::little, "masked numbers are little endian");

void add_mask(std::span<const std::uint64_t> mask, MaskSign sign, std::span<std::uint64_t> values) {
  if (sign == MaskSign::kAdd)
    for (std::size_t n = 0; n < values.size(); ++n) values[n] += mask[n];
  else
    for (std::size_t n = 0; n < values.size(); ++n) values[n] -= mask[n];
}

void apply_mask(const Secret32& key, MaskSign sign, std::uint64_t position, std::span<std::uint64_t> values) {
  constexpr std::size_t kPiece = 2048;  // stays in the first cache
  require(position % kMaskStep == 0 && (position + values.size()) / kMaskStep <= 0xFFFFFFFFU, ErrorCode::kUsage, "a mask is asked for at a place that it does not have");
  ChaChaStream stream(key, static_cast<std::uint32_t>(position / kMaskStep));
  std::array<std::uint64_t, kPiece> piece;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::size_t count = std::min(kPiece, values.size() - begin);
    const std::span<std::uint64_t> mask(piece.data(), count);
    stream.next({reinterpret_cast<unsigned char*>(mask.data()), mask.size_bytes()});
    add_mask(mask, sign, values.subspan(begin, count));
  }
  OPENSSL_cleanse(piece.data(), sizeof piece);
}

}  // namespace consilium::fl
