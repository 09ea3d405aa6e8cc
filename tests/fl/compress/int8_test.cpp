#include "fl/compress/int8.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

TEST(Int8, QuantisesAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "int8_affine");
  const auto x = oracle["input"]["x"].get<std::vector<float>>();
  for (std::size_t n = 0; n < x.size(); ++n)
    EXPECT_EQ(quantise_int8(x[n], oracle["input"]["scale"].get<float>()), oracle["expected"]["q"][n].get<int>());
}

TEST(Int8, ErrorIsAtMostHalfAStepOfItsBlock) {
  constexpr std::size_t kBlock = 64;
  const std::vector<float> values = test::heavy_tailed(1000, 3);  // the last block is short
  std::vector<float> found(values.size());
  decode_int8(encode_int8(values, kBlock), found);
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, values.size());
    float most = 0;
    for (std::size_t n = begin; n < end; ++n) most = std::max(most, std::abs(values[n]));
    // The margin is float32's rounding of scale and product.
    for (std::size_t n = begin; n < end; ++n) EXPECT_LE(std::abs(found[n] - values[n]), most / 127 / 2 * 1.0001F) << n;
  }
}

TEST(Int8, BlocksDoNotShareAScale) {
  std::vector<float> values(32, 1e-6F), found(32);
  values[0] = 1000;
  decode_int8(encode_int8(values, 16), found);
  EXPECT_EQ(found[1], 0);
  EXPECT_NEAR(found[20], 1e-6F, 1e-12);
}

TEST(Int8, ZerosStayZeroAlsoBesideNumbersWithoutAScale) {
  std::vector<float> values(20, 0.0F), found(20, 5.0F);
  values[3] = 1e-45F;  // the smallest float: over 127 it is 0
  decode_int8(encode_int8(values, 16), found);
  EXPECT_EQ(found, std::vector<float>(20, 0.0F));
}

TEST(Int8, PartsThatDoNotFitAreRefused) {
  std::vector<float> found(100);
  const Parts good = encode_int8(std::vector<float>(100, 1.0F), 16);
  const auto refused = [&](Parts parts) { return test::refusal(ErrorCode::kCorruptData, [&] { decode_int8(parts, found); }); };
  Parts bad = good;
  bad[0].resize(bad[0].size() - 1);
  EXPECT_NE(refused(bad).find("end too early"), std::string::npos);
  bad = good;
  bad[0] += "1234";
  EXPECT_NE(refused(bad).find("left over"), std::string::npos);
  bad = good;
  bad[1] += '1';
  EXPECT_NE(refused(bad).find("codes"), std::string::npos);
  bad = good;
  bad[0][0] = 0;
  EXPECT_NE(refused(bad).find("blocks of 0"), std::string::npos);
  EXPECT_NE(refused({}).find("parts"), std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
