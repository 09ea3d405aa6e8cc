#include <gtest/gtest.h>

#include <cmath>

#include "fl/privacy/accountant.h"
#include "fl/privacy/adaptive_clip.h"
#include "fl/privacy/clip.h"
#include "fl/privacy/distributed.h"
#include "fl/privacy/gaussian.h"
#include "fl/privacy/pld.h"
#include "fl/privacy/rdp.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

class PrivacyOracles : public testing::Test {
 protected:
  void SetUp() override {
    if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  }
  static Json of(const char* name) { return test::oracle("algorithms", name); }
};

double rdp(double noise, double rate, std::int64_t steps, double delta) { return rdp_epsilon(std::vector<SampledGaussian>{{noise, rate, steps}}, delta).epsilon; }
double pld(double noise, double rate, std::int64_t steps, double delta) { return pld_epsilon(std::vector<SampledGaussian>{{noise, rate, steps}}, delta); }

TEST_F(PrivacyOracles, RdpOfOneReleaseAtWholeAndOtherOrders) {
  for (const char* name : {"sgm_rdp_q0.01_s1_a2", "sgm_rdp_q0.01_s1_a4", "sgm_rdp_q0.1_s1_a3", "sgm_rdp_q0.1_s2_a8", "sgm_rdp_q0.5_s1_a2", "sgm_rdp_q0.1_s1_a3.2", "sgm_rdp_q0.01_s2.5_a2.5"}) {
    const Json oracle = of(name), &in = oracle["input"];
    const double expected = oracle["expected"];
    EXPECT_NEAR(sampled_gaussian_rdp({in["sigma"], in["q"], 1}, in["alpha"]), expected, oracle["tolerance"]["rel"].get<double>() * expected) << name;
  }
}

TEST_F(PrivacyOracles, RdpEpsilonsOfOpacusAndTensorflowPrivacy) {
  const Json opacus = of("opacus_rdp_test_rdp_accountant"), &in = opacus["input"];
  EXPECT_NEAR(rdp(in["noise_multiplier"], in["sample_rate"], in["steps"], in["delta"]), opacus["expected"], opacus["tolerance"]["abs"]);
  for (const char* name : {"tfp_dp_sgd_0", "tfp_dp_sgd_1"}) {
    const Json oracle = of(name), &input = oracle["input"];
    const RdpEpsilon found = rdp_epsilon(std::vector<SampledGaussian>{{input["noise_multiplier"], input["q"], input["steps"]}}, input["delta"]);
    EXPECT_NEAR(found.epsilon, oracle["expected"]["epsilon"], oracle["tolerance"]["abs"]) << name;
    EXPECT_EQ(found.order, oracle["expected"]["order"]) << name;
  }
}

TEST_F(PrivacyOracles, TwoReleasesWithoutSampling) {
  const Json by_rdp = of("tfp_no_subsampling_rdp"), by_pld = of("tfp_no_subsampling_pld");
  EXPECT_NEAR(rdp(by_rdp["input"]["noise_multiplier"], 1, 2, by_rdp["input"]["delta"]), by_rdp["expected"], by_rdp["tolerance"]["abs"]);
  EXPECT_NEAR(pld(by_pld["input"]["noise_multiplier"], 1, 2, by_pld["input"]["delta"]), by_pld["expected"], by_pld["tolerance"]["abs"]);
}

/// Google's RDP sums the magnitudes of an alternating series: an upper bound of the exact one, which is ours. Its orders end at 10.9, 11, ...
TEST_F(PrivacyOracles, SampledReleases) {
  const Json by_pld = of("tfp_subsampled_pld"), upper = of("tfp_subsampled_rdp_upper");
  EXPECT_NEAR(pld(by_pld["input"]["noise_multiplier"], by_pld["input"]["q"], 120, by_pld["input"]["delta"]), by_pld["expected"], by_pld["tolerance"]["abs"]);
  const double exact = rdp(upper["input"]["noise_multiplier"], upper["input"]["q"], 120, upper["input"]["delta"]), bound = upper["expected"];
  EXPECT_LE(exact, bound);
  EXPECT_NEAR(exact, bound, upper["tolerance"]["abs"]);
}

TEST_F(PrivacyOracles, StatementOfATrainingInMicrobatches) {
  const Json oracle = of("tfp_sgd_statement_pld"), &in = oracle["input"];
  const double noise = in["noise_multiplier"].get<double>() / 2;  // twice the sensitivity
  const double rate = in["batch"].get<double>() / in["n"].get<double>();
  const auto epochs = in["epochs"].get<std::int64_t>(), steps = static_cast<std::int64_t>(std::ceil(static_cast<double>(epochs) / rate));
  const Json& expected = oracle["expected"];
  const double tolerance = oracle["tolerance"]["abs"], delta = in["delta"];
  EXPECT_NEAR(rdp(noise, 1, epochs, delta), expected["eps_no_sampling_rdp"], tolerance);
  EXPECT_NEAR(rdp(noise, rate, steps, delta), expected["eps_poisson_rdp"], tolerance);
  EXPECT_NEAR(pld(noise, 1, epochs, delta), expected["eps_no_sampling_pld"], tolerance);
  EXPECT_NEAR(pld(noise, rate, steps, delta), expected["eps_poisson_pld"], tolerance);
}

/// These are the upper ends of intervals of half width 0.01: Microsoft's accountant ran with eps_error 0.01. Ours lies 0.0099 to 0.0112 below them, and where
/// Google's was run too (algorithms.md 3.3) within 3e-4 of it.
TEST_F(PrivacyOracles, PldIsWithinTheIntervalsOfThePrvAccountantAndRdpAboveThem) {
  constexpr double kWidth = 0.0115;
  for (const char* name : {"prv_0.8_0.001_100", "prv_2_0.05_100", "prv_3_0.05_100", "prv_0.8_0.2_100", "prv_1.5_0.2_100", "prv_2_0.2_100", "prv_3_0.2_100", "prv_1.5_0.05_1000", "prv_2_0.05_1000", "prv_2_0.001_20000", "prv_3_0.05_20000"}) {
    const Json oracle = of(name), &in = oracle["input"];
    const double upper = oracle["expected"], found = pld(in["sigma"], in["q"], in["steps"], in["delta"]);
    EXPECT_LE(found, upper) << name;
    EXPECT_GE(found, upper - kWidth) << name;
    EXPECT_GE(rdp(in["sigma"], in["q"], in["steps"], in["delta"]), upper) << name;
  }
}

TEST_F(PrivacyOracles, DeltaAtAnEpsilon) {
  const Json oracle = of("pld_poisson_gaussian"), &in = oracle["input"];
  EXPECT_NEAR(pld_delta(std::vector<SampledGaussian>{{in["sigma"], in["q"], in["steps"]}}, in["epsilon"]), oracle["expected"]["delta"], oracle["tolerance"]["abs"]);
}

/// Opacus' test takes 90 // 0.04 steps, which in floating point are 2249, not the 2250 that the file says: 6.5998. With 2250 it is 6.6016.
TEST_F(PrivacyOracles, CentralLimit) {
  const Json oracle = of("opacus_gdp"), &in = oracle["input"];
  const auto epsilon = [&](std::int64_t steps) { return gaussian_epsilon(in["delta"], central_limit_mu({in["noise_multiplier"], in["sample_rate"], steps})); };
  EXPECT_GT(epsilon(2249), oracle["expected"][0]);
  EXPECT_LT(epsilon(2249), oracle["expected"][1]);
  EXPECT_NEAR(epsilon(2250), oracle["expected"][1], 0.002);
}

TEST_F(PrivacyOracles, NoiseForAGoal) {
  const Json epochs = of("opacus_noise_mult_rdp_epochs"), steps = of("opacus_noise_mult_rdp_steps");
  const auto noise = [](const Json& in, std::int64_t count) { return noise_multiplier_for({in["target_epsilon"], in["delta"], in["sample_rate"], count, Accountant::kRdp}); };
  EXPECT_NEAR(noise(epochs["input"], std::llround(epochs["input"]["epochs"].get<double>() / epochs["input"]["sample_rate"].get<double>())), epochs["expected"], epochs["tolerance"]["abs"]);
  EXPECT_NEAR(noise(steps["input"], steps["input"]["steps"]), steps["expected"], steps["tolerance"]["abs"]);
}

TEST_F(PrivacyOracles, FromRdpToEpsilon) {
  const Json oracle = of("rdp_to_dp_pure");
  std::vector<double> orders;
  for (int order = 2; order <= 32; ++order) orders.push_back(order);
  const std::vector<double> values(orders.size(), oracle["input"]["rdp"]);
  const RdpEpsilon found = rdp_to_epsilon(orders, values, oracle["input"]["delta"]);
  EXPECT_NEAR(found.epsilon, oracle["expected"]["epsilon"], oracle["tolerance"]["abs"]);
  EXPECT_EQ(found.order, oracle["expected"]["order"]);
}

TEST_F(PrivacyOracles, GaussianWithoutSampling) {
  for (const char* name : {"analytic_gaussian_s1_n1", "analytic_gaussian_s4_n50"}) {
    const Json oracle = of(name), &in = oracle["input"];
    EXPECT_NEAR(pld(in["sigma"], 1, in["steps"], in["delta"]), oracle["expected"], oracle["tolerance"]["abs"]) << name;
  }
  const Json noise = of("analytic_gauss_stddev");
  for (std::size_t n = 0; n < noise["input"].size(); ++n) {
    const double expected = noise["expected"][n];
    EXPECT_NEAR(gaussian_noise_multiplier(noise["input"][n]["eps"], noise["input"][n]["delta"]), expected, noise["tolerance"]["rel"].get<double>() * expected);
  }
}

double beta_of(const Json& value) { return value.is_string() ? std::exp(-0.5) : value.get<double>(); }

TEST_F(PrivacyOracles, DistributedNoise) {
  const Json rounded = of("rounded_l2_norm_bound"), ddg = of("ddg_skellam_vs_gauss_fine_scale");
  for (std::size_t n = 0; n < rounded["input"].size(); ++n) {
    const Json& in = rounded["input"][n];
    const double expected = rounded["expected"][n];
    EXPECT_NEAR(rounded_l2_bound(in["c"], beta_of(in["beta"]), in["dim"]), expected, 4 * rounded["tolerance"]["rel"].get<double>() * expected);
  }
  const Json& in = ddg["input"];
  DistributedNoise noise{.kind = NoiseKind::kSkellam, .sites = in["n"], .dimensions = in["dim"], .clip = in["clip"], .noise_multiplier = in["central_noise_multiplier"], .scale = in["scale"], .beta = beta_of(in["beta"]), .sampling_rate = in["q"], .rounds = in["steps"]};
  const double tolerance = ddg["tolerance"]["rel"].get<double>() * 7;
  EXPECT_NEAR(distributed_epsilon(noise, in["delta"]).epsilon, ddg["expected"]["skellam"], tolerance);
  noise.kind = NoiseKind::kDiscreteGaussian;
  EXPECT_NEAR(distributed_epsilon(noise, in["delta"]).epsilon, ddg["expected"]["ddgauss"], tolerance);
  EXPECT_NEAR(rdp_epsilon(std::vector<SampledGaussian>{{noise.noise_multiplier, noise.sampling_rate, noise.rounds}}, in["delta"], whole_orders()).epsilon, ddg["expected"]["gaussian"], tolerance);
}

TEST_F(PrivacyOracles, Clipping) {
  const Json split = of("adaptive_clip_noise_split"), clip = of("l2_clip");
  EXPECT_NEAR(noise_multiplier_beside_count(split["input"]["z"], split["input"]["sigma_b"]), split["expected"], split["tolerance"]["rel"]);
  auto values = clip["input"]["delta"].get<std::vector<double>>();
  clip_l2(values, clip["input"]["C"]);
  for (std::size_t n = 0; n < values.size(); ++n) EXPECT_NEAR(values[n], clip["expected"][n], clip["tolerance"]["abs"]);
}

}  // namespace
}  // namespace consilium::fl
