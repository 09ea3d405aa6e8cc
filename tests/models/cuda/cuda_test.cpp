// What a CUDA device computes, beside the processor: ctest -L cuda, on a machine that has one (docs/gpu.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "models/attack/adversarial.h"
#include "models/device.h"
#include "models/features.h"
#include "models/fit.h"
#include "models/predict.h"
#include "models/runtime.h"
#include "tests/models/multimodal_case.h"

namespace consilium::models {
namespace {

using test::ball;
using test::channels;

/// |a - b| / |b|.
double distance(const ModelState& a, const ModelState& b) {
  double difference = 0, size = 0;
  for (std::size_t t = 0; t < b.tensors.size(); ++t)
    for (std::size_t n = 0; n < b.tensors[t].values.size(); ++n) {
      difference += std::pow(static_cast<double>(a.tensors[t].values[n]) - static_cast<double>(b.tensors[t].values[n]), 2);
      size += std::pow(b.tensors[t].values[n], 2);
    }
  return std::sqrt(difference / size);
}

double distance(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

ModelState change(const ModelState& after, const ModelState& before) {
  ModelState result = after;
  for (std::size_t t = 0; t < after.tensors.size(); ++t)
    for (std::size_t n = 0; n < after.tensors[t].values.size(); ++n) result.tensors[t].values[n] -= before.tensors[t].values[n];
  return result;
}

class Cuda : public testing::Test {
 protected:
  void SetUp() override { configure_torch(1, cuda); }  // also: float32 that is float32
  const c10::Device cuda = find_device("cuda");  // throws where there is none: whoever asks for these tests wants them run
};

UNetOptions plain_network() { return {.in_channels = 4, .out_channels = 4, .filters = {4, 8, 16}, .deep_supervision = 1}; }

/// Labels of four classes.
TrainingCase tissues(std::uint64_t seed) {
  TrainingCase sample = ball(seed);
  for (std::size_t n = 0; n < sample.labels.size(); ++n)
    if (sample.labels[n] != 0) sample.labels[n] = static_cast<std::uint8_t>(1 + n % 3);
  return sample;
}

/// SGD without momentum: a step is the gradient, which rounding changes by little. AdamW's first step is its sign.
FitOptions gradient_steps() {
  FitOptions options{.patch = {8, 8, 8}, .batch = 3};
  options.optimiser = {.kind = OptimiserKind::kSgd, .learning_rate = 1e-2, .weight_decay = 0, .momentum = 0};
  return options;
}

struct Lesson {
  std::string name;
  UNetOptions network = plain_network();
  FitOptions options = gradient_steps();
  std::vector<TrainingCase> cases{tissues(1), tissues(2)};
  bool has_teacher = false;
  LocalTerms terms{};
  bool is_private = false;
};

void PrintTo(const Lesson& lesson, std::ostream* out) { *out << lesson.name; }

Lesson plain() { return {"plain"}; }

Lesson regions() {
  Lesson lesson{"regions"};
  lesson.options.regions = true;
  lesson.network.out_channels = 3;
  return lesson;
}

Lesson partial(bool as_regions) {
  Lesson lesson = as_regions ? regions() : plain();
  lesson.name = as_regions ? "partial_regions" : "partial";
  lesson.options.partial_labels = {.exclusion_weight = 1, .distillation_weight = 1};
  lesson.cases[1].sets = {{0, 1, 1, 1}};
  lesson.has_teacher = true;
  return lesson;
}

Lesson local_terms() {
  Lesson lesson{"local_terms"};
  lesson.terms = {.proximal_mu = 0.1, .shift = Segmenter(lesson.network, Rng(8)).state(), .record_gradient = true, .frozen = {"output_block.conv.conv.weight"}};
  return lesson;
}

Lesson hostile_images() {
  Lesson lesson{"adversarial"};
  lesson.options.adversarial = {.eps = 0.1, .steps = 2};
  return lesson;
}

Lesson differential_privacy() {
  Lesson lesson{"private"};
  lesson.is_private = true;
  return lesson;
}

Lesson multimodal(Fusion fusion, const std::string& name) {
  Lesson lesson{name, test::small_network()};
  lesson.network.multimodal.fusion = fusion;
  lesson.network.multimodal.attention = true;
  lesson.cases = {ball(1), ball(2, channels(true, true, false)), ball(3, channels(false, false, true)), ball(4, channels(true, false, true))};
  return lesson;
}

std::vector<Lesson> lessons() {
  return {plain(), regions(), partial(false), partial(true), local_terms(), hostile_images(), differential_privacy(), multimodal(Fusion::kGated, "gated"), multimodal(Fusion::kHemis, "hemis"),
          multimodal(Fusion::kRegion, "region"), multimodal(Fusion::kExperts, "experts")};
}

Segmenter started(const UNetOptions& options, c10::Device device) {
  Segmenter segmenter = test::started(options);
  segmenter.move_to(device);
  return segmenter;
}

struct Learnt {
  ModelState weights, change, mean_gradient;
  std::vector<double> losses;
  OptimiserState memory;
};

Learnt learn(const Lesson& lesson, c10::Device device, std::int64_t steps, const FitOptions& options) {
  Segmenter segmenter = started(lesson.network, device);
  const ModelState before = segmenter.state();
  const Segmenter teacher = started(lesson.network, device);
  Rng noise(6);
  PrivateSteps privacy;
  if (lesson.is_private) privacy = {.clip = 0.5, .uniform = [&] { return noise.uniform(); }, .normal = [&] { return noise.normal(); }};
  Learnt learnt;
  const FitReport report = fit(segmenter, lesson.cases, {0, steps, steps}, options, Rng(5), &learnt.memory, [&](std::int64_t, double loss) { learnt.losses.push_back(loss); }, lesson.terms,
                               lesson.has_teacher ? &teacher : nullptr, privacy);
  learnt.weights = segmenter.state();
  learnt.change = change(learnt.weights, before);
  learnt.mean_gradient = report.mean_gradient;
  return learnt;
}

class EveryLesson : public Cuda, public testing::WithParamInterface<Lesson> {};

TEST_P(EveryLesson, LearnsWhatTheProcessorLearns) {
  const Lesson& lesson = GetParam();
  const Learnt expected = learn(lesson, c10::kCPU, 4, lesson.options), found = learn(lesson, cuda, 4, lesson.options);
  for (std::size_t n = 0; n < expected.losses.size(); ++n) EXPECT_NEAR(found.losses[n], expected.losses[n], 1e-4 * std::abs(expected.losses[n])) << n;
  EXPECT_LT(distance(found.change, expected.change), 2e-3);
  if (lesson.terms.record_gradient) {
    EXPECT_LT(distance(found.mean_gradient, expected.mean_gradient), 2e-3);
  }
  RecordProperty("distance", std::to_string(distance(found.change, expected.change)));
}

TEST_P(EveryLesson, TwoRunsOnOneDeviceAgree) {
  const Lesson& lesson = GetParam();
  FitOptions options = lesson.options;
  options.optimiser = {};
  const Learnt first = learn(lesson, cuda, 6, options), again = learn(lesson, cuda, 6, options);
  const bool same = digest(first.weights) == digest(again.weights);
  RecordProperty("same_bytes", same ? "yes" : "no");
  std::printf("%s: two runs, %s bytes, distance %.1e\n", lesson.name.c_str(), same ? "the same" : "other", distance(first.change, again.change));
  EXPECT_LT(distance(first.change, again.change), 0.05);
}

TEST_P(EveryLesson, Bfloat16StaysNear) {
  const Lesson& lesson = GetParam();
  FitOptions options = lesson.options;
  options.precision = Precision::kBfloat16;
  const Learnt exact = learn(lesson, cuda, 2, lesson.options), rounded = learn(lesson, cuda, 2, options);
  EXPECT_NE(digest(rounded.weights), digest(exact.weights)) << "nothing was rounded";
  for (std::size_t n = 0; n < exact.losses.size(); ++n) EXPECT_NEAR(rounded.losses[n], exact.losses[n], 0.05 * std::abs(exact.losses[n]));
}

INSTANTIATE_TEST_SUITE_P(Lessons, EveryLesson, testing::ValuesIn(lessons()), [](const auto& info) { return info.param.name; });

TEST_F(Cuda, AMemoryGoesOnAndCrossesDevices) {
  for (const OptimiserKind kind : {OptimiserKind::kAdamW, OptimiserKind::kSgd}) {
    FitOptions options = gradient_steps();
    options.optimiser = {.kind = kind, .learning_rate = 1e-3, .weight_decay = 1e-2, .momentum = 0.9};
    const Lesson lesson = plain();
    const auto run = [&](c10::Device first, c10::Device second) {
      Segmenter segmenter = started(lesson.network, first);
      OptimiserState memory;
      fit(segmenter, lesson.cases, {0, 3, 6}, options, Rng(5), &memory);
      segmenter.move_to(second);
      fit(segmenter, lesson.cases, {3, 3, 6}, options, Rng(5), &memory);
      return segmenter.state();
    };
    const ModelState start = started(lesson.network, c10::kCPU).state(), expected = change(run(c10::kCPU, c10::kCPU), start);
    EXPECT_LT(distance(change(run(cuda, cuda), start), expected), 0.02);
    EXPECT_LT(distance(change(run(cuda, c10::kCPU), start), expected), 0.02);
  }
}

TEST_F(Cuda, PredictsWhatTheProcessorPredicts) {
  const at::Tensor image = torch::randn({4, 19, 24, 11});
  for (const UNetOptions& network : {plain_network(), test::small_network()}) {
    const WindowOptions window{.patch = {8, 8, 8}};
    const at::Tensor expected = predict_probabilities(started(network, c10::kCPU), image, window, channels(true, false, true));
    const at::Tensor found = predict_probabilities(started(network, cuda), image, window, channels(true, false, true));
    EXPECT_TRUE(found.device().is_cpu());
    EXPECT_LT((found - expected).abs().max().item<double>(), 1e-4);
    WindowOptions quick = window;
    quick.precision = Precision::kBfloat16;
    EXPECT_LT((predict_probabilities(started(network, cuda), image, quick, channels(true, false, true)) - expected).abs().max().item<double>(), 0.1);
  }
}

TEST_F(Cuda, SeesTheFeaturesThatTheProcessorSees) {
  const TrainingCase sample = ball(7);
  const at::Tensor image = torch::from_blob(const_cast<float*>(sample.image.data()), {4, 16, 16, 16});
  const UNetOptions network = test::small_network();
  const WindowOptions window{.patch = {8, 8, 8}};
  const Segmenter here = started(network, c10::kCPU), there = started(network, cuda);
  EXPECT_LT(distance(embedding(there, image, {}, "PET", window), embedding(here, image, {}, "PET", window)), 1e-4);
  const auto expected = class_features(here, image, sample.labels, {}, "CT", window), found = class_features(there, image, sample.labels, {}, "CT", window);
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, values] : expected)
    for (std::size_t n = 0; n < values.size(); ++n) EXPECT_NEAR(found.at(name)[n], values[n], 1e-4);
  for (const auto& [name, gate] : gate_weights(here, image, {}, window)) EXPECT_NEAR(gate_weights(there, image, {}, window).at(name), gate, 1e-4);
}

TEST_F(Cuda, IsAttackedAsTheProcessorIs) {
  const TrainingCase sample = tissues(7);
  Segmenter here = started(plain_network(), c10::kCPU), there = started(plain_network(), cuda);
  const AttackedCase expected = attack_case(here, sample, {8, 8, 8}, false, {.eps = 0.1, .steps = 3}, Rng(3)), found = attack_case(there, sample, {8, 8, 8}, false, {.eps = 0.1, .steps = 3}, Rng(3));
  EXPECT_NEAR(found.loss_before, expected.loss_before, 1e-4 * expected.loss_before);
  EXPECT_NEAR(found.loss_after, expected.loss_after, 1e-2 * expected.loss_after);
  EXPECT_NEAR(case_loss(there, sample, {8, 8, 8}, false), case_loss(here, sample, {8, 8, 8}, false), 1e-4);
}

TEST_F(Cuda, Float32IsNotTensorFloat32) {
  // Of 4096 products with 10 bits of mantissa the sum is wrong in the fourth digit, with 23 in the seventh.
  const at::Tensor x = torch::randn({1, 128, 8, 8, 8}), w = torch::randn({8, 128, 3, 3, 3});
  const at::Tensor exact = at::conv3d(x.to(torch::kFloat64), w.to(torch::kFloat64)).to(torch::kFloat32);
  EXPECT_LT(distance(at::conv3d(x.to(cuda), w.to(cuda)).cpu(), exact), 1e-5);
}

TEST_F(Cuda, MoreThanItsMemoryIsAnErrorAndNoCrash) {
  Segmenter segmenter(plain_network(), Rng(1));
  segmenter.move_to(cuda);
  FitOptions options = gradient_steps();
  options.patch = {512, 512, 512};
  options.batch = 1;
  options.augment = {.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  Segmenter large({.in_channels = 4, .out_channels = 4, .filters = {512, 8}}, Rng(1));
  large.move_to(cuda);
  TrainingCase sample = ball(1);
  try {
    fit(large, {&sample, 1}, {0, 1, 1}, options, Rng(1));
    ADD_FAILURE() << "one activation of it takes 256 GiB";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("cuda:0: too little memory"), testing::HasSubstr("fit.batch")));
  }
  options.patch = {8, 8, 8};
  EXPECT_NO_THROW(fit(segmenter, {&sample, 1}, {0, 1, 1}, options, Rng(1))) << "and the device works on";
}

}  // namespace
}  // namespace consilium::models
