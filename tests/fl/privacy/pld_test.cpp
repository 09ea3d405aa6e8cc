#include "fl/privacy/pld.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "base/error.h"
#include "base/rng.h"
#include "fl/privacy/fft.h"
#include "fl/privacy/gaussian.h"
#include "fl/privacy/loss_distribution.h"
#include "fl/privacy/rdp.h"

namespace consilium::fl {
namespace {

double phi(double x) { return std::erfc(-x / std::sqrt(2)) / 2; }

/// Of one release, in closed form. With the unit, x ~ (1 - q) N(0, s^2) + q N(1, s^2); the ratio exceeds e^epsilon above one x.
double exact_delta_of_one(double s, double q, double epsilon) {
  const double at = s * s * std::log((std::exp(epsilon) - (1 - q)) / q) + 0.5;
  const double removed = (1 - q) * phi(-at / s) + q * phi((1 - at) / s) - std::exp(epsilon) * phi(-at / s);
  double added = 0;  // without it, x ~ N(0, s^2): below the x where 1 over the ratio exceeds e^epsilon
  if (std::exp(-epsilon) > 1 - q) {
    const double low = s * s * std::log((std::exp(-epsilon) - (1 - q)) / q) + 0.5;
    added = phi(low / s) - std::exp(epsilon) * ((1 - q) * phi(low / s) + q * phi((low - 1) / s));
  }
  return std::max(removed, added);
}

TEST(Pld, OfOneReleaseIsTheClosedFormAndNeverBelowIt) {
  for (const double q : {0.001, 0.05, 0.5, 0.95})
    for (const double s : {0.5, 1.0, 4.0})
      for (const double epsilon : {0.01, 0.2, 1.0, 3.0}) {
        const double exact = exact_delta_of_one(s, q, epsilon);
        if (exact < 1e-14) continue;  // the closed form has lost its digits
        const std::vector<SampledGaussian> one{{s, q, 1}};
        const double delta = pld_delta(one, epsilon);
        EXPECT_GE(delta, exact * (1 - 1e-9)) << q << " " << s << " " << epsilon;
        EXPECT_LE(delta, exact * 1.002) << q << " " << s << " " << epsilon;
      }
}

/// A rate of nearly 1 goes through the transform, a rate of 1 through the Gaussian's formula.
TEST(Pld, MeetsTheExactGaussianWhereNearlyEverybodyIsSampled) {
  for (const std::int64_t steps : {1, 10, 1000}) {
    const double s = std::sqrt(static_cast<double>(steps));
    const std::vector<SampledGaussian> nearly{{s, 1 - 1e-9, steps}}, all{{s, 1, steps}};
    const double exact = pld_epsilon(all, 1e-5);
    EXPECT_NEAR(exact, gaussian_epsilon(1e-5, 1), 1e-9);
    EXPECT_NEAR(pld_epsilon(nearly, 1e-5), exact, 2e-4 * exact) << steps;
    EXPECT_GE(pld_epsilon(nearly, 1e-5), exact * (1 - 1e-7)) << steps;
  }
}

TEST(Pld, EpsilonAndDeltaAreInverse) {
  const std::vector<SampledGaussian> phases{{0.9, 0.03, 400}};
  for (const double delta : {1e-2, 1e-5, 1e-12, 1e-40}) {
    const double epsilon = pld_epsilon(phases, delta);
    EXPECT_NEAR(pld_delta(phases, epsilon) / delta, 1, 0.01) << delta;
  }
}

TEST(Pld, IsBelowTheRdpBoundEverywhere) {
  for (const SampledGaussian& releases : {SampledGaussian{0.6, 1e-5, 100000}, SampledGaussian{1000, 0.5, 1000000}, SampledGaussian{5, 0.1, 1}})
    for (const double delta : {1e-6}) {
      const std::vector<SampledGaussian> phases{releases};
      const double epsilon = pld_epsilon(phases, delta);
      EXPECT_TRUE(std::isfinite(epsilon) && epsilon >= 0);
      EXPECT_LE(epsilon, rdp_epsilon(phases, delta).epsilon) << releases.noise_multiplier << " " << releases.sampling_rate << " " << releases.steps;
    }
}

TEST(Pld, PhasesOfDifferentNoiseAreSummed) {
  const std::vector<SampledGaussian> halves{{1, 0.01, 500}, {1.0000001, 0.01, 500}}, whole{{1, 0.01, 1000}};
  EXPECT_NEAR(pld_epsilon(halves, 1e-5), pld_epsilon(whole, 1e-5), 1e-4);
  // Two Gaussians, the one sampled nearly always: mu adds up in squares.
  const std::vector<SampledGaussian> mixed{{2, 1 - 1e-9, 3}, {3, 1, 4}};
  EXPECT_NEAR(pld_epsilon(mixed, 1e-6), gaussian_epsilon(1e-6, std::sqrt(3.0 / 4 + 4.0 / 9)), 1e-3);
}

TEST(Pld, NothingReleasedCostsNothing) {
  EXPECT_EQ(pld_epsilon({}, 1e-5), 0);
  const std::vector<SampledGaussian> idle{{1, 0, 100}, {1, 0.5, 0}};
  EXPECT_EQ(pld_epsilon(idle, 1e-5), 0);
  EXPECT_EQ(pld_delta(idle, 1), 0);
  const std::vector<SampledGaussian> rare{{1, 0.01, 10}};
  EXPECT_EQ(pld_epsilon(rare, 0.5), 0);
  EXPECT_THROW(pld_epsilon(rare, 0), Error);
  EXPECT_THROW(pld_delta(rare, -1), Error);
}

/// Both probabilities of the discretised loss: that of the real data set is whole, that of the other, e^-loss, at most.
TEST(LossDistribution, KeepsBothProbabilities) {
  for (const Adjacency adjacency : {Adjacency::kRemove, Adjacency::kAdd})
    for (const double q : {0.001, 0.3}) {
      const SampledGaussian release{0.8, q, 1};
      const LossDistribution d = discretised_loss(release, adjacency, loss_range(release, adjacency, -60, 0), 1e-3);
      double real = d.at_infinity, other = 0;
      for (std::size_t n = 0; n < d.masses.size(); ++n) {
        EXPECT_GE(d.masses[n], 0);
        real += d.masses[n];
        other += d.masses[n] * std::exp(-static_cast<double>(d.first + static_cast<std::int64_t>(n)) * d.step);
      }
      EXPECT_NEAR(real, 1, 1e-12);
      EXPECT_NEAR(other, 1, 1e-9);
    }
}

TEST(Fourier, IsTheDefinitionAndItsInverse) {
  Rng rng(5);
  std::vector<std::complex<double>> values(16);
  for (auto& value : values) value = {rng.normal(), rng.normal()};
  std::vector<std::complex<double>> transformed = values;
  fourier(transformed, FourierDirection::kForward);
  for (std::size_t k = 0; k < values.size(); ++k) {
    std::complex<double> sum = 0;
    for (std::size_t n = 0; n < values.size(); ++n) sum += values[n] * std::polar(1.0, -2 * M_PI * static_cast<double>(k * n) / 16);
    EXPECT_LT(std::abs(transformed[k] - sum), 1e-13);
  }
  fourier(transformed, FourierDirection::kInverse);
  for (std::size_t n = 0; n < values.size(); ++n) EXPECT_LT(std::abs(transformed[n] - values[n]), 1e-14);
  std::vector<std::complex<double>> odd(3);
  EXPECT_THROW(fourier(odd, FourierDirection::kForward), Error);
}

}  // namespace
}  // namespace consilium::fl
