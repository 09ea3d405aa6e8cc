#include "fl/privacy/accountant.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "fl/privacy/gaussian.h"

namespace consilium::fl {
namespace {

TEST(Gaussian, ScaledErfcIsSmoothWhereItsFormsMeet) {
  EXPECT_NEAR(scaled_erfc(0), 1, 1e-15);
  EXPECT_NEAR(scaled_erfc(1), std::exp(1.0) * std::erfc(1.0), 1e-15);
  EXPECT_NEAR(scaled_erfc(20 - 1e-9) / scaled_erfc(20 + 1e-9), 1, 1e-9);
  EXPECT_NEAR(scaled_erfc(1e6) * 1e6 * std::sqrt(M_PI), 1, 1e-12);
}

TEST(Gaussian, DeltaAndEpsilonAreInverseOverAWideRange) {
  for (const double mu : {1e-3, 0.1, 1.0, 30.0})
    for (const double delta : {0.3, 1e-5, 1e-30, 1e-200}) {
      const double epsilon = gaussian_epsilon(delta, mu);
      if (epsilon > 0) EXPECT_NEAR(gaussian_delta(epsilon, mu) / delta, 1, 1e-6) << mu << " " << delta;
      else EXPECT_LE(gaussian_delta(0, mu), delta);
    }
}

TEST(Gaussian, TheNoiseForAGoalReachesIt) {
  for (const double epsilon : {0.01, 1.0, 8.0, 100.0}) EXPECT_NEAR(gaussian_epsilon(1e-6, 1 / gaussian_noise_multiplier(epsilon, 1e-6)), epsilon, 1e-6 * epsilon);
  EXPECT_THROW(gaussian_noise_multiplier(0, 1e-5), Error);
  EXPECT_THROW(gaussian_noise_multiplier(1, 0), Error);
}

TEST(Accountant, TheNoiseForAGoalReachesItAndNotMore) {
  for (const Accountant accountant : {Accountant::kPld, Accountant::kRdp})
    for (const double epsilon : {4.0}) {
      const double noise = noise_multiplier_for({epsilon, 1e-5, 0.05, 500, accountant});
      const std::vector<SampledGaussian> enough{{noise, 0.05, 500}}, less{{noise * 0.999, 0.05, 500}};
      EXPECT_LE(epsilon_of(enough, 1e-5, accountant), epsilon);
      EXPECT_GT(epsilon_of(less, 1e-5, accountant), epsilon);
    }
}

TEST(Accountant, WhatWasReleasedBeforeIsTakenFromTheGoal) {
  const std::vector<SampledGaussian> before{{1, 0.05, 100}};
  const double fresh = noise_multiplier_for({4, 1e-5, 0.05, 200}), after = noise_multiplier_for({4, 1e-5, 0.05, 200}, before);
  EXPECT_GT(after, fresh);
  try {
    noise_multiplier_for({0.5, 1e-5, 0.05, 200}, before);
    FAIL() << "the earlier release alone is beyond the goal";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
  }
}

TEST(Accountant, StepsWithinABudgetAreTheMost) {
  const SampledGaussian next{1.2, 0.1, 1};
  const std::int64_t steps = steps_within(3, 1e-4, next, {}, Accountant::kRdp);
  const auto epsilon = [&](std::int64_t n) { return epsilon_of(std::vector<SampledGaussian>{{1.2, 0.1, n}}, 1e-4, Accountant::kRdp); };
  EXPECT_LE(epsilon(steps), 3);
  EXPECT_GT(epsilon(steps + 1), 3);
  EXPECT_EQ(steps_within(0.01, 1e-4, {0.3, 1, 1}), 0);
}

}  // namespace
}  // namespace consilium::fl
