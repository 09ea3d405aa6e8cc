#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "base/error.h"
#include "fl/privacy/discrete_gaussian.h"
#include "fl/privacy/skellam.h"

// Statistical: seeds are fixed, so a test passes or fails for ever. With another seed each chi-square test fails with probability 1e-6.
namespace consilium::fl {
namespace {

constexpr double kDeviations = 5;  // of a chi-square near normal: 3e-7 one-sided; the few degrees of freedom below make it 1e-6

void expect_distribution(const std::string& name, int draws, const std::function<std::int64_t(NoiseStream&)>& draw, const std::function<double(double)>& probability) {
  NoiseStream stream(NoiseKey::from_seed(11, name));
  std::map<std::int64_t, int> counts;
  for (int n = 0; n < draws; ++n) ++counts[draw(stream)];
  double chi = 0, freedom = -1, expected_rest = draws, found_rest = draws;
  for (const auto& [value, count] : counts) {
    const double expected = draws * probability(static_cast<double>(value));
    if (expected < 30) continue;
    chi += (count - expected) * (count - expected) / expected;
    ++freedom;
    expected_rest -= expected;
    found_rest -= count;
  }
  ASSERT_GT(freedom, 0) << name;
  EXPECT_LT(chi, freedom + kDeviations * std::sqrt(2 * freedom) + 12) << name;
  EXPECT_NEAR(found_rest, expected_rest, kDeviations * std::sqrt(expected_rest + 10) + 10) << name;
}

TEST(Samplers, PoissonHasItsProbabilities) {
  for (const double mean : {0.3, 1.0, 2.5, 15.9, 16.25, 40.0, 1000.0}) {
    const Poisson poisson(mean);
    expect_distribution("poisson " + std::to_string(mean), 200000, [&](NoiseStream& s) { return poisson(s); }, [&](double k) { return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1)); });
  }
  NoiseStream stream(NoiseKey::from_seed(1, "zero"));
  EXPECT_EQ(Poisson(0)(stream), 0);
}

TEST(Samplers, DiscreteGaussianHasItsProbabilities) {
  for (const double deviation : {0.3, 1.0, 2.7, 40.0}) {
    double whole = 0;
    for (double k = -2000; k <= 2000; ++k) whole += std::exp(-k * k / (2 * deviation * deviation));
    const DiscreteGaussian gaussian(deviation);
    expect_distribution("gaussian " + std::to_string(deviation), 200000, [&](NoiseStream& s) { return gaussian(s); }, [&](double k) { return std::exp(-k * k / (2 * deviation * deviation)) / whole; });
  }
}

TEST(Samplers, SkellamHasItsProbabilities) {
  for (const double variance : {0.5, 9.0, 60.0}) {
    const Skellam skellam(variance);
    expect_distribution("skellam " + std::to_string(variance), 200000, [&](NoiseStream& s) { return skellam(s); }, [&](double k) { return std::exp(-variance) * std::cyl_bessel_i(std::abs(k), variance); });
  }
}

/// Mean, variance and the share beyond two deviations of distributions too wide to count. Each bound is five standard errors.
void expect_wide(const std::string& name, double variance, const std::function<double(NoiseStream&)>& draw) {
  NoiseStream stream(NoiseKey::from_seed(4, name));
  constexpr int kDraws = 200000;
  double sum = 0, square = 0, beyond = 0;
  for (int n = 0; n < kDraws; ++n) {
    const double x = draw(stream) / std::sqrt(variance);
    sum += x;
    square += x * x;
    beyond += std::abs(x) > 2;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws)) << name;
  EXPECT_NEAR(square / kDraws, 1, 5 * std::sqrt(2.0 / kDraws)) << name;
  EXPECT_NEAR(beyond / kDraws, 0.0455, 5 * std::sqrt(0.0455 / kDraws)) << name;
}

TEST(Samplers, WideOnesAreNormal) {
  for (const double deviation : {58000.0, 2.5e8}) {
    const DiscreteGaussian gaussian(deviation);
    expect_wide("gaussian " + std::to_string(deviation), deviation * deviation, [&](NoiseStream& s) { return static_cast<double>(gaussian(s)); });
  }
  for (const double variance : {3.4e9, 1e18}) {
    const Skellam skellam(variance);
    expect_wide("skellam " + std::to_string(variance), variance, [&](NoiseStream& s) { return static_cast<double>(skellam(s)); });
  }
  expect_wide("normal", 1, [](NoiseStream& s) { return s.normal(); });
}

TEST(Samplers, BernoulliExpIsExact) {
  for (const auto& [numerator, denominator] : std::vector<std::pair<int, int>>{{0, 1}, {1, 3}, {1, 1}, {7, 2}}) {
    NoiseStream stream(NoiseKey::from_seed(2, "bernoulli"));
    constexpr int kDraws = 200000;
    double hits = 0;
    for (int n = 0; n < kDraws; ++n) hits += bernoulli_exp(static_cast<Wide>(numerator), static_cast<Wide>(denominator), stream);
    const double p = std::exp(-static_cast<double>(numerator) / denominator);
    EXPECT_NEAR(hits / kDraws, p, 5 * std::sqrt(p * (1 - p) / kDraws)) << numerator << "/" << denominator;
  }
}

TEST(Samplers, DrawsBelowABoundOfAnySize) {
  NoiseStream stream(NoiseKey::from_seed(3, "below"));
  for (int n = 0; n < 1000; ++n) {
    EXPECT_EQ(stream.below(std::uint64_t{1}), 0U);
    EXPECT_LT(stream.below(std::uint64_t{3}), 3U);
    const Wide odd = (static_cast<Wide>(5) << 64) + 3;
    EXPECT_TRUE(stream.below(odd) < odd);
    const Wide whole = static_cast<Wide>(1) << 64;
    EXPECT_TRUE(stream.below(whole) < whole);
  }
}

TEST(NoiseKey, ASeedRepeatsTheNoiseAndASecretDoesNot) {
  NoiseStream one(NoiseKey::from_seed(5, "x")), same(NoiseKey::from_seed(5, "x")), other(NoiseKey::from_seed(5, "y"));
  const std::uint64_t first = one.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
  EXPECT_NE(NoiseKey::random().name(), NoiseKey::random().name());
  const NoiseKey key = NoiseKey::random();
  EXPECT_EQ(key.derive("round 1").name(), key.derive("round 1").name());
  EXPECT_NE(key.derive("round 1").name(), key.derive("round 2").name());
  EXPECT_EQ(key.name().size(), 32U);
  EXPECT_THROW(NoiseKey::from_bytes("short"), Error);
}

/// RFC 8439, A.1, vector 1: the key stream of a key of zeros, block counter 0.
TEST(NoiseStream, IsChaCha20) {
  NoiseStream stream(NoiseKey::from_bytes(std::string(32, '\0')));
  EXPECT_EQ(stream.next(), 0x903df1a0ade0b876ULL);
  EXPECT_EQ(stream.next(), 0x28bd8653e56a5d40ULL);
}

TEST(Samplers, RefuseWhatTheyCannotDraw) {
  for (const double mean : {-1.0, 0x1p61, std::nan("")}) EXPECT_THROW(Poisson{mean}, Error) << mean;
  for (const double deviation : {0.0, -1.0, 0x1p29, std::nan("")}) EXPECT_THROW(DiscreteGaussian{deviation}, Error) << deviation;
}

}  // namespace
}  // namespace consilium::fl
