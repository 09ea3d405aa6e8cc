#include "fl/privacy/distributed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace consilium::fl {
namespace {

TEST(DistributedNoise, AFineScaleCostsNothingAndACoarseOneMuch) {
  for (const NoiseKind kind : {NoiseKind::kSkellam, NoiseKind::kDiscreteGaussian}) {
    DistributedNoise noise{.kind = kind, .sites = 32, .dimensions = 1 << 20, .clip = 1, .noise_multiplier = 5, .scale = 65536, .rounds = 50};
    const double fine = distributed_epsilon(noise, 1e-5).epsilon;
    EXPECT_NEAR(fine, 7.088, 1e-3);
    noise.scale = 256;
    EXPECT_NEAR(distributed_epsilon(noise, 1e-5).epsilon, 19.84, 0.01);
  }
}

TEST(DistributedNoise, SharesOfTooLittleNoiseDoNotSumUpToADiscreteGaussian) {
  DistributedNoise noise{.kind = NoiseKind::kDiscreteGaussian, .sites = 100, .dimensions = 100, .clip = 1, .noise_multiplier = 2, .scale = 2};
  const double coarse = distributed_rdp(noise, 8);
  noise.sites = 1;  // nothing is summed
  EXPECT_GT(coarse, distributed_rdp(noise, 8));
}

TEST(DistributedNoise, SamplingOfSitesNeverCostsMore) {
  DistributedNoise noise{.sites = 10, .dimensions = 1000, .clip = 1, .noise_multiplier = 3, .rounds = 20};
  const double all = distributed_epsilon(noise, 1e-4).epsilon;
  noise.sampling_rate = 0.1;
  EXPECT_LT(distributed_epsilon(noise, 1e-4).epsilon, all / 2);
  noise.sampling_rate = 0;
  EXPECT_EQ(distributed_epsilon(noise, 1e-4).epsilon, 0);
}

TEST(DistributedNoise, SharesAddUpToTheNoiseAskedFor) {
  const DistributedNoise noise{.sites = 16, .dimensions = 10, .clip = 0.5, .noise_multiplier = 3, .scale = 1000};
  EXPECT_DOUBLE_EQ(share_deviation(noise) * 4, 3 * 0.5 * 1000);
}

TEST(DistributedNoise, TheScaleFillsTheBits) {
  DistributedNoise noise{.sites = 30, .dimensions = 4096, .clip = 2, .noise_multiplier = 1};
  const double s = scale_for(20, noise), n = 30, share = 1 * 2 / std::sqrt(30.0);
  EXPECT_NEAR(8 * std::sqrt(4 * n * n / 4096 + (1 / (4 * s * s) + share * share) * n) * s / std::ldexp(1.0, 20), 1, 1e-9);
  EXPECT_THROW(scale_for(1, noise), Error);
  EXPECT_THROW(scale_for(63, noise), Error);
  noise.sites = 1000000;
  EXPECT_THROW(scale_for(2, noise), Error);
}

TEST(DistributedNoise, WhatIsOutOfRangeIsRefused) {
  const auto refused = [](const DistributedNoise& noise) {
    EXPECT_THROW(distributed_rdp(noise, 2), Error);
  };
  refused({.sites = 0});
  refused({.dimensions = 0});
  refused({.clip = 0});
  refused({.noise_multiplier = 0});
  refused({.scale = 0});
  refused({.beta = 1});
  refused({.sampling_rate = 2});
  refused({.rounds = -1});
  EXPECT_THROW(distributed_rdp({}, 1), Error);
  EXPECT_THROW(rounded_l2_bound(0, 0, 1), Error);
}

}  // namespace
}  // namespace consilium::fl
