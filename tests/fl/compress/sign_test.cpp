#include "fl/compress/sign.h"

#include <gtest/gtest.h>

#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

TEST(Sign, IsScaledAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "ef_signsgd");
  std::vector<float> found(oracle["expected"].size());
  decode_sign(encode_sign(oracle["input"]["p"].get<std::vector<float>>()), found);
  EXPECT_EQ(found, oracle["expected"].get<std::vector<float>>());
}

/// Karimireddy et al., lemma 8: |p - C(p)|^2 = (1 - |p|_1^2 / (d |p|_2^2)) |p|_2^2.
TEST(Sign, ErrorIsThatOfThePaper) {
  const std::vector<float> values = test::heavy_tailed(3001, 11);
  std::vector<float> found(values.size());
  decode_sign(encode_sign(values), found);
  double sum = 0;
  for (const float value : values) sum += std::abs(value);
  const double expected = 1 - sum * sum / (static_cast<double>(values.size()) * test::norm(values) * test::norm(values));
  EXPECT_NEAR(std::pow(test::relative_error(found, values), 2), expected, 1e-5);
}

TEST(Sign, TakesOneBitAValue) { EXPECT_EQ(encode_sign(std::vector<float>(800))[0].size(), 4U + 100); }

TEST(Sign, BitsOfAnotherTensorAreRefused) {
  std::vector<float> found(9);
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decode_sign(encode_sign(std::vector<float>(8)), found); })
                .find("2 bytes of codes"),
            std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
