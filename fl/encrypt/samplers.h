#pragma once

#include <cstdint>
#include <span>

#include "fl/encrypt/key_stream.h"
#include "fl/encrypt/modulus.h"

namespace consilium::fl {

/// Half-width of the centred binomial distribution whose variance eta / 2 is the table's 3.2^2 (10.24, rounded up).
inline constexpr int kErrorWidth = 21;

/// -1, 0 and 1, each with probability 1/3.
void sample_ternary(KeyStream& stream, std::span<std::int64_t> values);
/// Number of ones among `width` fair bits minus those among as many others: mean 0, variance width / 2, never beyond width. `width`: 1 to 64.
void sample_centred_binomial(KeyStream& stream, int width, std::span<std::int64_t> values);
/// Each of [0, p) alike.
void sample_uniform(KeyStream& stream, const Modulus& modulus, std::span<std::uint64_t> values);
/// Each of [0, 2^bits) alike, `bits`: 1 to 127.
Wide sample_bits(KeyStream& stream, int bits);

}  // namespace consilium::fl
