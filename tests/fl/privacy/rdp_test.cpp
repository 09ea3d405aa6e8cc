#include "fl/privacy/rdp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// The finite sum of binomial terms as the paper writes it, in plain arithmetic: for orders and noise where nothing overflows.
double rdp_by_the_book(double q, double s, int alpha) {
  double sum = 0, binomial = 1;
  for (int i = 0; i <= alpha; ++i) {
    sum += binomial * std::pow(1 - q, alpha - i) * std::pow(q, i) * std::exp((i * i - i) / (2 * s * s));
    binomial = binomial * (alpha - i) / (i + 1);
  }
  return std::log(sum) / (alpha - 1);
}

TEST(Rdp, OfWholeOrdersIsTheFiniteSum) {
  for (const double q : {0.01, 0.3, 0.9})
    for (const double s : {0.7, 2.0, 10.0})
      for (const int alpha : {2, 3, 7, 20}) {
        const double expected = rdp_by_the_book(q, s, alpha);
        EXPECT_NEAR(sampled_gaussian_rdp({s, q, 1}, alpha), expected, 1e-9 * expected + 1e-14) << q << " " << s << " " << alpha;
      }
}

/// Two ways to the same number: a finite sum, and quadrature at an order that only just is not whole.
TEST(Rdp, QuadratureMeetsTheFiniteSum) {
  for (const double q : {1e-6, 0.01, 0.3, 0.9, 0.999})
    for (const double s : {0.05, 0.3, 1.0, 5.0, 100.0})
      for (const double alpha : {2.0, 3.0, 7.0, 30.0}) {
        const double whole = sampled_gaussian_rdp({s, q, 1}, alpha);
        EXPECT_NEAR(sampled_gaussian_rdp({s, q, 1}, alpha * (1 + 1e-13)), whole, 1e-10 * whole) << q << " " << s << " " << alpha;
      }
}

TEST(Rdp, WithoutSamplingIsTheGaussians) {
  EXPECT_DOUBLE_EQ(sampled_gaussian_rdp({2, 1, 1}, 3.5), 3.5 / 8);
  EXPECT_EQ(sampled_gaussian_rdp({2, 0, 1}, 3.5), 0);
  EXPECT_NEAR(sampled_gaussian_rdp({2, 1 - 1e-12, 1}, 3.5), 3.5 / 8, 1e-9);
}

/// One case in a hundred million, and noise a thousand times the clip: closed form of the leading term, q^2 alpha (e^(1/s^2) - 1) / 2.
TEST(Rdp, ATinyOneKeepsItsDigits) {
  for (const double alpha : {2.0, 2.5}) {
    EXPECT_NEAR(sampled_gaussian_rdp({1, 1e-8, 1}, alpha) / (1e-16 * alpha * std::expm1(1.0) / 2), 1, 1e-6);
    EXPECT_NEAR(sampled_gaussian_rdp({1000, 1e-4, 1}, alpha) / (1e-8 * alpha * std::expm1(1e-6) / 2), 1, 1e-6);
  }
}

TEST(Rdp, GrowsWithOrderAndRateAndFallsWithNoise) {
  double last = 0;
  for (const double alpha : default_orders()) {
    const double rdp = sampled_gaussian_rdp({1.2, 0.05, 1}, alpha);
    EXPECT_GE(rdp, last) << alpha;
    last = rdp;
  }
  EXPECT_LT(sampled_gaussian_rdp({1.2, 0.05, 1}, 2.5), sampled_gaussian_rdp({1.2, 0.06, 1}, 2.5));
  EXPECT_LT(sampled_gaussian_rdp({1.3, 0.05, 1}, 2.5), sampled_gaussian_rdp({1.2, 0.05, 1}, 2.5));
}

TEST(Rdp, PhasesAddUp) {
  const std::vector<SampledGaussian> parts{{1.1, 0.02, 300}, {1.1, 0.02, 700}, {2, 0, 50}, {3, 0.5, 0}}, whole{{1.1, 0.02, 1000}};
  EXPECT_DOUBLE_EQ(rdp_epsilon(parts, 1e-5).epsilon, rdp_epsilon(whole, 1e-5).epsilon);
  EXPECT_EQ(rdp_epsilon({}, 1e-5).epsilon, 0);
  const std::vector<SampledGaussian> more{{1.1, 0.02, 1000}, {2, 0.1, 10}};
  EXPECT_GT(rdp_epsilon(more, 1e-5).epsilon, rdp_epsilon(whole, 1e-5).epsilon);
}

TEST(Rdp, EpsilonIsNeverNegative) {
  const std::vector<double> orders{2, 3}, nothing{0, 0};
  EXPECT_EQ(rdp_to_epsilon(orders, nothing, 0.9).epsilon, 0);
}

TEST(Rdp, TheBoundForAnyMechanismHoldsForTheGaussian) {
  const auto gaussian = [](int alpha) { return alpha / (2 * 2.0 * 2.0); };
  for (const int alpha : {2, 5, 40}) {
    EXPECT_GE(sampled_rdp_bound(gaussian, 0.05, alpha) * (1 + 1e-9), sampled_gaussian_rdp({2, 0.05, 1}, alpha)) << alpha;
    EXPECT_LE(sampled_rdp_bound(gaussian, 0.05, alpha), gaussian(alpha));
  }
  EXPECT_EQ(sampled_rdp_bound(gaussian, 1, 5), gaussian(5));
  EXPECT_EQ(sampled_rdp_bound(gaussian, 0, 5), 0);
}

void expect_refused(const std::function<void()>& call, const std::string& words) {
  try {
    call();
    ADD_FAILURE() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr(words));
  }
}

TEST(Rdp, WhatIsOutOfRangeIsRefusedByName) {
  const double nan = std::nan("");
  for (const double noise : {0.0, -1.0, 0.001, 1e9, nan}) expect_refused([&] { sampled_gaussian_rdp({noise, 0.1, 1}, 2); }, "noise multiplier");
  for (const double rate : {-0.1, 1.1, nan}) expect_refused([&] { sampled_gaussian_rdp({1, rate, 1}, 2); }, "sampling rate");
  for (const double order : {1.0, 0.0, -2.0, 1e6, nan}) expect_refused([&] { sampled_gaussian_rdp({1, 0.1, 1}, order); }, "order");
  expect_refused([] { validate(SampledGaussian{1, 0.1, -1}); }, "steps");
  const std::vector<SampledGaussian> one{{1, 0.1, 1}};
  for (const double delta : {0.0, 1.0, -1.0, nan}) expect_refused([&] { rdp_epsilon(one, delta); }, "delta");
  const std::vector<double> orders{2}, negative{-1};
  expect_refused([&] { rdp_to_epsilon(orders, negative, 1e-5); }, "RDP of order 2");
  expect_refused([&] { rdp_to_epsilon({}, {}, 1e-5); }, "at least one");
}

}  // namespace
}  // namespace consilium::fl
