#include "fl/compress/bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "fl/compress/float32.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

TEST(Bf16, RoundsAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "bf16_rne");
  for (std::size_t n = 0; n < oracle["expected"].size(); ++n)
    EXPECT_EQ(from_bf16(to_bf16(oracle["input"]["x"][n].get<float>())), oracle["expected"][n].get<float>()) << n;
}

TEST(Bf16, HalvesGoToTheEvenNeighbour) {
  EXPECT_EQ(to_bf16(1 + 1.0F / 256), 0x3F80);  // between 0x3F80 and 0x3F81
  EXPECT_EQ(to_bf16(1 + 3.0F / 256), 0x3F82);  // between 0x3F81 and 0x3F82
  EXPECT_EQ(to_bf16(-1 - 3.0F / 256), 0xBF82);
}

TEST(Bf16, ErrorIsAtMostOnePartIn256AndNoneForWhatFits) {
  for (const float value : test::heavy_tailed(20000, 1)) {
    const float rounded = from_bf16(to_bf16(value));
    EXPECT_LE(std::abs(rounded - value), std::abs(value) / 256);
    EXPECT_EQ(from_bf16(to_bf16(rounded)), rounded);
  }
  EXPECT_EQ(from_bf16(to_bf16(-0.0F)), 0.0F);
  EXPECT_TRUE(std::signbit(from_bf16(to_bf16(-0.0F))));
}

TEST(Bf16, WhatIsNotFiniteStaysSo) {
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7F800001U)))));  // its mantissa is in the half that is cut
  EXPECT_TRUE(std::isinf(from_bf16(to_bf16(std::numeric_limits<float>::infinity()))));
  EXPECT_TRUE(std::isinf(from_bf16(to_bf16(std::numeric_limits<float>::max()))));
}

TEST(Bf16, PlanesOfBytesGiveTheValuesBack) {
  std::vector<float> values = test::heavy_tailed(1001, 2), found(values.size());
  decode_float32(encode_float32(values), found);
  EXPECT_EQ(found, values);
  for (float& value : values) value = from_bf16(to_bf16(value));
  decode_bf16(encode_bf16(values), found);
  EXPECT_EQ(found, values);
}

TEST(Bf16, PlanesOfAnotherLengthAreRefused) {
  std::vector<float> found(7);
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decode_bf16(encode_bf16(std::vector<float>(6)), found); }).find("plane"),
            std::string::npos);
  EXPECT_NE(
      test::refusal(ErrorCode::kCorruptData, [&] { decode_float32(encode_bf16(std::vector<float>(7)), found); }).find("4 parts"),
      std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
