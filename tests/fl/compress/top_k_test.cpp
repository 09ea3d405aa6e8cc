#include "fl/compress/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fl/compress/bytes.h"
#include "fl/compress/delta.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

TEST(TopK, SendsAndKeepsAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "topk_error_feedback");
  const ModelState global{{{"a.weight", "trunk", {2, 2}, {0, 0, 0, 0}}}};
  const CompressionSettings settings{
      .codec = Codec::kTopK, .fraction = oracle["input"]["k"].get<double>() / 4, .values = ValueCoding::kFloat32, .smallest = 1};
  ErrorFeedback memory;
  for (std::size_t round = 0; round < oracle["expected"].size(); ++round) {
    ModelState delta = global;
    delta.tensors[0].values = oracle["input"]["grads"][round].get<std::vector<float>>();
    const std::string bytes =
        encode_delta(delta, global, settings, {"digest", "east", static_cast<std::int64_t>(round)}, &memory);
    const ModelState sent = DeltaDecoder(ByteSource::of_bytes(bytes), global, "bytes").decode_all();
    EXPECT_EQ(sent.tensors[0].values, oracle["expected"][round]["sent"].get<std::vector<float>>()) << round;
    EXPECT_EQ(memory.residual.tensors[0].values, oracle["expected"][round]["residual"].get<std::vector<float>>()) << round;
  }
}

TEST(TopK, TakesTheLargestAndOfEqualOnesTheFirst) {
  const std::vector<float> values{1, -3, 2, 3, -2, 2, 0};
  EXPECT_EQ(largest_places(values, 1), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(largest_places(values, 2), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(largest_places(values, 4), (std::vector<std::uint32_t>{1, 2, 3, 4}));
  EXPECT_EQ(largest_places(values, 7), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(largest_places(values, 0).empty());
}

TEST(TopK, KeepsExactlyTheChosenValuesAtTheirPlaces) {
  const std::vector<float> values = test::heavy_tailed(5000, 10);
  std::vector<float> found(values.size());
  decode_top_k(encode_top_k(values, {.fraction = 0.01, .values = ValueCoding::kFloat32}), found);
  std::vector<float> magnitudes;
  for (const float value : values) magnitudes.push_back(std::abs(value));
  std::sort(magnitudes.begin(), magnitudes.end(), std::greater<>());
  for (std::size_t n = 0; n < values.size(); ++n) EXPECT_EQ(found[n], std::abs(values[n]) >= magnitudes[49] ? values[n] : 0);
}

TEST(TopK, AFractionOfLessThanOneValueIsOneValue) {
  std::vector<float> found(10);
  decode_top_k(encode_top_k(std::vector<float>{0, 0, 0, 0, 9, 0, 0, 0, 0, 0}, {.fraction = 1e-9}), found);
  EXPECT_EQ(found[4], 9);
}

TEST(TopK, PlacesBehindTheEndAreRefused) {
  std::vector<float> found(10);
  const Parts good =
      encode_top_k(std::vector<float>{0, 0, 0, 0, 0, 0, 0, 0, 1, 9}, {.fraction = 0.2, .values = ValueCoding::kFloat32});
  const auto refused = [&](const Parts& parts) {
    return test::refusal(ErrorCode::kCorruptData, [&] { decode_top_k(parts, found); });
  };
  Parts bad = good;
  bad[0][3] = 1;  // the second follows the first at a distance of 1: place 10
  EXPECT_NE(refused(bad).find("behind the end"), std::string::npos);
  bad = good;
  bad[0][1] = 11;
  EXPECT_NE(refused(bad).find("more places"), std::string::npos);
  bad = good;
  bad[0][0] = 7;
  EXPECT_NE(refused(bad).find("coding 7"), std::string::npos);
  bad = good;
  bad[0] += '1';
  EXPECT_NE(refused(bad).find("left over"), std::string::npos);
  bad[0] = std::string(1, 0) + std::string(10, '\xFF');
  EXPECT_NE(refused(bad).find("63 bits"), std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
