#include "fl/compress/rotation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

/// Error of the paper's table for normal values: D / (1 - D) with the distortion D of the Lloyd-Max quantiser; 1 bit: pi / 2 - 1.
constexpr double kSquaredError[] = {0.5708, 0.1331, 0.0358, 0.00959};

TEST(Rotation, HadamardIsItsOwnInverseAndKeepsTheNorm) {
  const std::vector<float> values = test::heavy_tailed(1024, 20);
  std::vector<float> rotated = values;
  hadamard(rotated);
  EXPECT_NEAR(test::norm(rotated), test::norm(values), 1e-5 * test::norm(values));
  hadamard(rotated);
  EXPECT_LT(test::relative_error(rotated, values), 1e-6);
  std::vector<float> two{3, 1};
  hadamard(two);
  EXPECT_NEAR(two[0], 4 / std::numbers::sqrt2, 1e-6);
  EXPECT_NEAR(two[1], 2 / std::numbers::sqrt2, 1e-6);
}

/// What makes a quantiser one of Lloyd and Max: a centroid is the mean of the values nearest to it.
TEST(Rotation, CentroidsAreTheMeansOfTheirCells) {
  const auto density = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); };
  const auto below = [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); };
  for (int bits = 1; bits <= 4; ++bits) {
    const auto centroids = normal_centroids(bits);
    ASSERT_EQ(centroids.size(), std::size_t{1} << (bits - 1));
    for (std::size_t n = 0; n < centroids.size(); ++n) {
      const double low = n == 0 ? 0 : (static_cast<double>(centroids[n - 1]) + centroids[n]) / 2;
      const double high = n + 1 == centroids.size() ? 30 : (static_cast<double>(centroids[n]) + centroids[n + 1]) / 2;
      EXPECT_NEAR(centroids[n], (density(low) - density(high)) / (below(high) - below(low)), 1e-6) << bits << " " << n;
    }
  }
}

TEST(Rotation, SegmentsCoverTheTensorWithLessThan128ToSpare) {
  for (const std::size_t count : {1U, 127U, 128U, 129U, 1000U, 32768U, 110592U, 300001U}) {
    const auto lengths = segment_lengths(count);
    const std::size_t sum = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
    EXPECT_GE(sum, count);
    EXPECT_LT(sum, count + 128);
    for (const std::size_t length : lengths) EXPECT_EQ(length & (length - 1), 0U);
  }
  EXPECT_TRUE(segment_lengths(0).empty());
}

/// Also for values that are anything but normal before they are rotated.
TEST(Rotation, ErrorIsThatOfTheQuantiserOfNormalValues) {
  std::vector<float> spikes(1 << 15, 0.0F);
  for (std::size_t n = 0; n < spikes.size(); n += 64) spikes[n] = 1;
  for (const std::vector<float>& values : {test::heavy_tailed(100000, 21), spikes})
    for (int bits = 1; bits <= 4; ++bits) {
      std::vector<float> found(values.size());
      decode_rotation(encode_rotation(values, {bits, 22}), found);
      EXPECT_NEAR(std::pow(test::relative_error(found, values), 2) / kSquaredError[bits - 1], 1, 0.1) << bits;
    }
}

TEST(Rotation, TakesItsBitsAndLittleMore) {
  const Parts parts = encode_rotation(test::heavy_tailed(110592, 23), {1, 24});
  EXPECT_LT(parts[0].size() + parts[1].size(), 110592 / 8 * 1.01);
}

TEST(Rotation, ZerosStayZero) {
  std::vector<float> found(1000, 1.0F);
  decode_rotation(encode_rotation(std::vector<float>(1000, 0.0F), {2, 25}), found);
  for (const float value : found) EXPECT_EQ(value, 0);
}

TEST(Rotation, CodesThatDoNotFitAreRefused) {
  std::vector<float> found(1000);
  const Parts good = encode_rotation(std::vector<float>(1000, 1.0F), {2, 26});
  const auto refused = [&](const Parts& parts) {
    return test::refusal(ErrorCode::kCorruptData, [&] { decode_rotation(parts, found); });
  };
  Parts bad = good;
  bad[0][0] = 5;
  EXPECT_NE(refused(bad).find("5 bits"), std::string::npos);
  bad = good;
  bad[1].pop_back();
  EXPECT_NE(refused(bad).find("too early"), std::string::npos);
  bad = good;
  bad[1] += '1';
  EXPECT_NE(refused(bad).find("left over"), std::string::npos);
  bad = good;
  bad[0] += "1234";
  EXPECT_NE(refused(bad).find("left over"), std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
