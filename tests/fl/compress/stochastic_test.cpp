#include "fl/compress/stochastic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fl/compress/bytes.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

TEST(Stochastic, ErrorIsBelowAStepAndZeroStaysZero) {
  for (int bits = 2; bits <= 8; ++bits) {
    std::vector<float> values = test::heavy_tailed(1000, 4), found(values.size());
    values[5] = 0;
    Rng rng(5);
    decode_stochastic(encode_stochastic(values, {bits, 1024}, rng), found);
    float most = 0;
    for (const float value : values) most = std::max(most, std::abs(value));
    const float step = most / static_cast<float>((1 << (bits - 1)) - 1);
    for (std::size_t n = 0; n < values.size(); ++n) EXPECT_LE(std::abs(found[n] - values[n]), step * 1.0001F) << bits;
    EXPECT_EQ(found[5], 0) << bits;
  }
}

TEST(Stochastic, TheLargestValueOfABlockIsExact) {
  std::vector<float> values(16, 0.0F), found(16);
  values[7] = -0.3F;
  Rng rng(6);
  decode_stochastic(encode_stochastic(values, {.bits = 4, .block = 16}, rng), found);
  EXPECT_EQ(found, values);
}

TEST(Stochastic, TheSameSeedGivesTheSameCodesAndAnotherDoesNot) {
  const std::vector<float> values = test::heavy_tailed(1000, 7);
  const auto encode = [&](std::uint64_t seed) {
    Rng rng(seed);
    return encode_stochastic(values, {}, rng);
  };
  EXPECT_EQ(encode(1), encode(1));
  EXPECT_NE(encode(1), encode(2));
}

TEST(Stochastic, BitsOfCodesAreKeptAtEveryWidth) {
  for (int bits = 1; bits <= 8; ++bits) {
    Rng rng(8);
    std::vector<std::uint8_t> codes(77), found(77);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(rng.below(1U << bits));
    const std::string packed = pack_bits(codes, bits);
    EXPECT_EQ(packed.size(), (77U * bits + 7) / 8);
    unpack_bits(packed, bits, found);
    EXPECT_EQ(found, codes) << bits;
    EXPECT_THROW(unpack_bits(packed + "1", bits, found), Error);
  }
}

TEST(Stochastic, CodesOfNoBitsAreRefused) {
  Rng rng(9);
  std::vector<float> found(20);
  Parts parts = encode_stochastic(std::vector<float>(20, 1.0F), {}, rng);
  for (const char bits : {0, 1, 9, 64}) {
    parts[0][0] = bits;
    EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decode_stochastic(parts, found); }).find("bits"), std::string::npos);
  }
}

}  // namespace
}  // namespace consilium::fl
