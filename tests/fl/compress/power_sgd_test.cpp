#include "fl/compress/power_sgd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kRows = 40, kColumns = 60;

/// Vector number `k` of an orthonormal basis: the cosine transform's.
double cosine(std::size_t k, std::size_t n, std::size_t length) {
  return std::sqrt(2.0 / static_cast<double>(length)) *
         std::cos(std::numbers::pi * (static_cast<double>(n) + 0.5) * static_cast<double>(k) / static_cast<double>(length));
}

/// A matrix whose singular values are `strengths`: its best error at every rank is known.
std::vector<float> low_rank(const std::vector<double>& strengths) {
  std::vector<float> matrix;
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t column = 0; column < kColumns; ++column) {
      double sum = 0;
      for (std::size_t k = 0; k < strengths.size(); ++k)
        sum += strengths[k] * cosine(k + 1, row, kRows) * cosine(2 * k + 1, column, kColumns);
      matrix.push_back(static_cast<float>(sum));
    }
  return matrix;
}

std::vector<float> decoded(const Parts& parts) {
  std::vector<float> found(kRows * kColumns);
  decode_power_sgd(parts, kRows, found);
  return found;
}

TEST(PowerSgd, AMatrixOfItsRankIsExactAtOnce) {
  const std::vector<float> matrix = low_rank({1, 0.5, 0.2});
  std::vector<float> factor;
  Rng rng(13);
  EXPECT_LT(test::relative_error(decoded(encode_power_sgd(matrix, kRows, {3, ValueCoding::kFloat32}, factor, rng)), matrix),
            1e-5);
}

TEST(PowerSgd, AWarmStartFindsTheStrongestDirections) {
  const std::vector<float> matrix = low_rank({1, 0.9, 0.05, 0.04, 0.03});
  std::vector<float> factor;
  Rng rng(15);
  double first = 0, last = 0;
  for (int round = 0; round < 6; ++round) {
    last = test::relative_error(decoded(encode_power_sgd(matrix, kRows, {2, ValueCoding::kFloat32}, factor, rng)), matrix);
    if (round == 0) first = last;
  }
  EXPECT_LT(last, 0.75 * first);
  EXPECT_NEAR(last,
              std::sqrt((0.05 * 0.05 + 0.04 * 0.04 + 0.03 * 0.03) / (1 + 0.9 * 0.9 + 0.05 * 0.05 + 0.04 * 0.04 + 0.03 * 0.03)),
              1e-4);
}

TEST(PowerSgd, AColumnOfTheFactorThatIsZeroIsDrawnAnew) {
  std::vector<float> factor;
  Rng rng(16);
  encode_power_sgd(std::vector<float>(kRows * kColumns), kRows, {2, ValueCoding::kFloat32}, factor, rng);
  EXPECT_EQ(factor, std::vector<float>(kColumns * 2, 0.0F));
  const std::vector<float> matrix = low_rank({1, 0.5});
  EXPECT_LT(test::relative_error(decoded(encode_power_sgd(matrix, kRows, {2, ValueCoding::kFloat32}, factor, rng)), matrix),
            1e-5);
}

TEST(PowerSgd, TakesOnlyMatricesThatItHalves) {
  EXPECT_EQ(power_sgd_rank(64, 1728, 4), 4U);
  EXPECT_EQ(power_sgd_rank(64, 1728, 64), 0U);
  EXPECT_EQ(power_sgd_rank(1, 5000, 4), 0U);
  EXPECT_EQ(power_sgd_rank(4, 4, 1), 1U);
  EXPECT_EQ(power_sgd_rank(3, 5, 1), 0U);
}

TEST(PowerSgd, FactorsThatAreLargerThanTheMatrixAreRefused) {
  const std::vector<float> matrix = low_rank({1});
  std::vector<float> factor, found(matrix.size());
  Rng rng(19);
  Parts parts = encode_power_sgd(matrix, kRows, {2, ValueCoding::kFloat32}, factor, rng);
  for (const char rank : {0, 30, 127}) {
    parts[0][1] = rank;
    EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decode_power_sgd(parts, kRows, found); }).find("rank"),
              std::string::npos);
  }
  parts[0][1] = 3;
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { decode_power_sgd(parts, kRows, found); }).find("plane"),
            std::string::npos);
}

}  // namespace
}  // namespace consilium::fl
