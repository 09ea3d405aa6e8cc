#include "fl/encrypt/samplers.h"

#include <bit>

namespace consilium::fl {

void sample_ternary(KeyStream& stream, std::span<std::int64_t> values) {
  std::uint64_t bits = 0;
  int left = 0;
  for (std::int64_t& value : values) {
    std::uint64_t pair = 3;
    while (pair == 3) {  // how often says nothing about the value that is taken
      if (left == 0) bits = stream.word(), left = 32;
      pair = bits & 3;
      bits >>= 2;
      --left;
    }
    value = static_cast<std::int64_t>(pair) - 1;
  }
}

void sample_centred_binomial(KeyStream& stream, int width, std::span<std::int64_t> values) {
  const std::uint64_t mask = width == 64 ? ~0ULL : (1ULL << width) - 1;
  for (std::int64_t& value : values) {
    std::uint64_t plus = stream.word(), minus = width <= 32 ? plus >> 32 : stream.word();
    plus &= mask;
    minus &= mask;
    value = std::popcount(plus) - std::popcount(minus);
  }
}

void sample_uniform(KeyStream& stream, const Modulus& modulus, std::span<std::uint64_t> values) {
  const std::uint64_t mask = std::bit_ceil(modulus.prime()) - 1;
  for (std::uint64_t& value : values) do value = stream.word() & mask;
    while (value >= modulus.prime());
}

Wide sample_bits(KeyStream& stream, int bits) {
  const Wide high = stream.word();
  return ((high << 64) | stream.word()) & ((static_cast<Wide>(1) << bits) - 1);
}

}  // namespace consilium::fl
