#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "fl/encrypt/samplers.h"

// Every test draws from the system's generator and fails by chance with the probability that its limit says: one in a million each.
namespace consilium::fl {
namespace {

constexpr double kSigmas = 4.9;  // two-sided, one in a million
constexpr std::size_t kDraws = 1 << 20;

/// Upper limit of chi-square with `freedom` degrees at one in a million (Wilson and Hilferty's approximation).
double chi_square_limit(double freedom) { return freedom * std::pow(1 - 2 / (9 * freedom) + 4.75 * std::sqrt(2 / (9 * freedom)), 3); }

double chi_square(const std::map<std::int64_t, double>& probability, const std::vector<std::int64_t>& values) {
  std::map<std::int64_t, double> counts;
  for (const std::int64_t value : values) ++counts[value];
  double sum = 0, seen = 0;
  for (const auto& [value, p] : probability) {
    const double expected = p * static_cast<double>(values.size());
    sum += std::pow(counts[value] - expected, 2) / expected;
    seen += counts[value];
  }
  EXPECT_EQ(seen, static_cast<double>(values.size())) << "a value that cannot be";
  return sum;
}

TEST(Distributions, TernaryNumbersAreAllAsFrequent) {
  KeyStream stream;
  std::vector<std::int64_t> values(kDraws);
  sample_ternary(stream, values);
  EXPECT_LT(chi_square({{-1, 1.0 / 3}, {0, 1.0 / 3}, {1, 1.0 / 3}}, values), chi_square_limit(2));
}

TEST(Distributions, ErrorsAreCentredBinomial) {
  for (const int width : {1, 3, 21, 42, 64}) {
    KeyStream stream;
    std::vector<std::int64_t> values(kDraws);
    sample_centred_binomial(stream, width, values);
    // P(k) = C(2 width, width + k) / 4^width; tails that are expected less than 20 times are one cell each.
    std::map<std::int64_t, double> probability;
    std::int64_t most = 0;
    for (std::int64_t k = -width; k <= width; ++k) {
      const double p = std::exp(std::lgamma(2.0 * width + 1) - std::lgamma(width + k + 1.0) - std::lgamma(width - k + 1.0) - 2.0 * width * std::log(2.0));
      if (p * kDraws >= 20) probability[k] = p, most = std::max(most, k);
    }
    double tail = 1;
    for (const auto& [value, p] : probability) tail -= p;
    probability[most] += tail / 2;
    probability[-most] += tail / 2;
    for (std::int64_t& value : values) {
      ASSERT_LE(std::abs(value), width);
      value = std::clamp(value, -most, most);
    }
    EXPECT_LT(chi_square(probability, values), chi_square_limit(static_cast<double>(probability.size()) - 1)) << width;
  }
}

TEST(Distributions, UniformResiduesFillTheirRangeEvenly) {
  KeyStream stream;
  const Modulus modulus(12289);  // masks of 14 bits, a quarter is drawn again
  std::vector<std::uint64_t> values(kDraws);
  sample_uniform(stream, modulus, values);
  double sum = 0;
  std::map<std::int64_t, double> probability;
  std::vector<std::int64_t> cells;
  for (std::int64_t cell = 0; cell < 11; ++cell) probability[cell] = (cell < 10 ? 1200.0 : 289.0) / 12289;
  for (const std::uint64_t value : values) {
    ASSERT_LT(value, 12289U);
    sum += static_cast<double>(value);
    cells.push_back(static_cast<std::int64_t>(value / 1200));
  }
  EXPECT_NEAR(sum / kDraws, 6144, kSigmas * 12289 / std::sqrt(12.0 * kDraws));
  EXPECT_LT(chi_square(probability, cells), chi_square_limit(10));
}

TEST(Distributions, SmudgingBitsAreFair) {
  KeyStream stream;
  constexpr int kBits = 101;
  std::vector<int> ones(128);
  for (std::size_t n = 0; n < kDraws / 16; ++n) {
    const Wide value = sample_bits(stream, kBits);
    for (int bit = 0; bit < 128; ++bit) ones[static_cast<std::size_t>(bit)] += static_cast<int>((value >> bit) & 1);
  }
  for (int bit = 0; bit < 128; ++bit) {
    const double mean = bit < kBits ? kDraws / 32.0 : 0;
    EXPECT_NEAR(ones[static_cast<std::size_t>(bit)], mean, bit < kBits ? (kSigmas + 1) * std::sqrt(kDraws / 64.0) : 0) << bit;
  }
}

}  // namespace
}  // namespace consilium::fl
