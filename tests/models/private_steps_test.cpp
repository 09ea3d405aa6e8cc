#include "models/private_steps.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "base/rng.h"
#include "models/fit.h"
#include "models/private_gradient_module.h"

namespace consilium::models {
namespace {

const std::function<double()> kAlways = [] { return 0.0; }, kNever = [] { return 1.0; }, kSilent = [] { return 0.0; };

/// One parameter of two numbers whose gradient is what the test says.
struct Two : torch::nn::Module {
  Two() { w = register_parameter("w", torch::zeros({2})); }
  void backward(double a, double b) { (w * torch::tensor({a, b})).sum().backward(); }
  std::vector<float> gradient() const { return {w.grad()[0].item<float>(), w.grad()[1].item<float>()}; }
  at::Tensor w;
};

TEST(PrivateGradient, ShortensEachCaseAndDividesByTheExpectedNumber) {
  Two module;
  PrivateGradient gradient(module, {.clip = 1, .noise_multiplier = 0, .sampling_rate = 0.5, .uniform = kAlways, .normal = kSilent}, 8);
  module.backward(30, 40);
  gradient.add_case();
  module.backward(0, -0.5);
  gradient.add_case();
  gradient.finish();
  // ((0.6, 0.8) + (0, -0.5)) / (0.5 * 8): four cases are expected, whoever came.
  EXPECT_NEAR(module.gradient()[0], 0.6 / 4, 1e-6);
  EXPECT_NEAR(module.gradient()[1], 0.3 / 4, 1e-6);
}

TEST(PrivateGradient, AllPatchesOfACaseAreOneExample) {
  Two module;
  PrivateGradient gradient(module, {.clip = 1, .noise_multiplier = 0, .uniform = kAlways, .normal = kSilent}, 1);
  module.backward(3, 0);  // two patches: their gradients add up before anything is shortened
  module.backward(0, 4);
  gradient.add_case();
  gradient.finish();
  EXPECT_NEAR(module.gradient()[0], 0.6, 1e-6);
  EXPECT_NEAR(module.gradient()[1], 0.8, 1e-6);
}

TEST(PrivateGradient, AStepWithoutCasesIsNoiseOfTheRightSize) {
  Two module;
  Rng rng(1);
  PrivateGradient gradient(module, {.clip = 2, .noise_multiplier = 1.5, .sampling_rate = 0.25, .uniform = kNever, .normal = [&] { return rng.normal(); }}, 4);
  double square = 0;
  constexpr int kSteps = 20000;
  for (int n = 0; n < kSteps; ++n) {
    gradient.finish();
    for (const float value : module.gradient()) square += value * value / 2;
  }
  EXPECT_NEAR(std::sqrt(square / kSteps), 1.5 * 2 / (0.25 * 4), 0.05);  // a hundredth of the value is five standard errors
}

TEST(PrivateGradient, ACaseWhoseGradientIsNoNumberCountsAsNothing) {
  Two module;
  PrivateGradient gradient(module, {.clip = 1, .noise_multiplier = 0, .uniform = kAlways, .normal = kSilent}, 1);
  module.backward(std::nan(""), 1);
  gradient.add_case();
  module.backward(0.5, 0);
  gradient.add_case();
  gradient.finish();
  EXPECT_EQ(module.gradient(), (std::vector<float>{0.5, 0}));
}

TEST(PrivateGradient, RefusesOptionsOutOfRange) {
  Two module;
  const auto refused = [&](const PrivateSteps& options) { EXPECT_THROW(PrivateGradient(module, options, 1), Error); };
  refused({.clip = 0, .uniform = kAlways, .normal = kSilent});
  refused({.clip = 1, .noise_multiplier = -1, .uniform = kAlways, .normal = kSilent});
  refused({.clip = 1, .sampling_rate = 0, .uniform = kAlways, .normal = kSilent});
  refused({.clip = 1, .patches = 0, .uniform = kAlways, .normal = kSilent});
  refused({.clip = 1});
}

TrainingCase noise_case(std::uint64_t seed) {
  Rng rng(seed);
  TrainingCase sample{"noise", 1, {8, 8, 8}, {}, {}};
  for (int n = 0; n < 512; ++n) {
    sample.labels.push_back(rng.chance(0.3) ? 1 : 0);
    sample.image.push_back(static_cast<float>(rng.normal() + sample.labels.back()));
  }
  return sample;
}

ModelState trained(const std::vector<TrainingCase>& cases, const PrivateSteps& privacy, Precision precision = Precision::kFloat32) {
  at::set_num_threads(1);
  Segmenter segmenter({.in_channels = 1, .out_channels = 2, .filters = {4, 8}}, Rng(3));
  FitOptions options{.patch = {8, 8, 8}, .batch = 1, .precision = precision};
  options.optimiser = {.kind = OptimiserKind::kSgd, .learning_rate = 1, .poly_power = 0, .weight_decay = 0, .momentum = 0};
  fit(segmenter, cases, {0, 1, 1}, options, Rng(5), nullptr, {}, {}, nullptr, privacy);
  return segmenter.state();
}

double distance(const ModelState& a, const ModelState& b) {
  double sum = 0;
  for (std::size_t t = 0; t < a.tensors.size(); ++t)
    for (std::size_t n = 0; n < a.tensors[t].values.size(); ++n) sum += std::pow(a.tensors[t].values[n] - b.tensors[t].values[n], 2);
  return std::sqrt(sum);
}

/// What the guarantee rests on: one case more or less moves a step by at most clip / expected cases, here at a learning rate of 1.
TEST(Fit, OneCaseMovesAPrivateStepByAtMostTheClip) {
  const std::vector<TrainingCase> cases{noise_case(1), noise_case(2), noise_case(3)};
  constexpr double kClip = 0.01;
  for (const Precision precision : {Precision::kFloat32, Precision::kBfloat16}) {
    const auto with = [&](std::vector<double> draws) {
      std::size_t n = 0;
      return trained(cases, {.clip = kClip, .noise_multiplier = 0, .sampling_rate = 0.5, .patches = 2, .uniform = [draws, n]() mutable { return draws[n++]; }, .normal = kSilent}, precision);
    };
    const double moved = distance(with({0, 0, 0}), with({0, 0, 1}));
    EXPECT_GT(moved, 0.5 * kClip / 1.5);  // its gradient is longer than the clip, so the bound is met
    EXPECT_LE(moved, kClip / 1.5 * (1 + 1e-4));
    EXPECT_EQ(distance(with({1, 1, 1}), with({0.9, 0.8, 0.7})), 0) << "nobody drawn";
  }
}

}  // namespace
}  // namespace consilium::models
