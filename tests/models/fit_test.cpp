#include "models/fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/files.h"
#include "models/predict.h"

namespace consilium::models {
namespace {

const UNetOptions kNet{.in_channels = 1, .out_channels = 2, .filters = {4, 8, 8}, .deep_supervision = 1};
const FitOptions kShort{.patch = {8, 8, 8}, .batch = 2};
const StepRange kTwelve{0, 12, 12};

/// A bright ball in noise.
TrainingCase ball(std::uint64_t seed) {
  Rng rng(seed);
  TrainingCase sample{"ball", 1, {16, 16, 16}, {}, {}};
  const double centre[3] = {rng.uniform(5, 11), rng.uniform(5, 11), rng.uniform(5, 11)};
  for (int d = 0; d < 16; ++d)
    for (int h = 0; h < 16; ++h)
      for (int w = 0; w < 16; ++w) {
        const bool inside = (d - centre[0]) * (d - centre[0]) + (h - centre[1]) * (h - centre[1]) + (w - centre[2]) * (w - centre[2]) < 16;
        sample.labels.push_back(inside ? 1 : 0);
        sample.image.push_back(static_cast<float>((inside ? 1.5 : 0) + rng.normal(0, 0.5)));
      }
  return sample;
}

TEST(Fit, TwoRunsWithOneThreadAndOneSeedGiveTheSameBytes) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  const auto run = [&](std::uint64_t seed) {
    Segmenter segmenter(kNet, Rng(3));
    fit(segmenter, cases, kTwelve, kShort, Rng(seed));
    return digest(segmenter.state());
  };
  const std::string first = run(5);
  EXPECT_EQ(run(5), first);
  EXPECT_NE(run(6), first);
  EXPECT_NE(digest(Segmenter(kNet, Rng(3)).state()), first);
}

/// F7: loaders of other tools share memory through files in /dev/shm, which containers keep small. Ours are threads.
TEST(Fit, F7_NeedsNoSharedMemoryFiles) {
  Segmenter segmenter(kNet, Rng(3));
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  std::string maps;
  fit(segmenter, cases, {0, 3, 3}, kShort, Rng(5), nullptr, [&](std::int64_t, double) { maps = read_file("/proc/self/maps"); });
  EXPECT_FALSE(maps.empty());
  EXPECT_EQ(maps.find("/dev/shm"), std::string::npos);
}

TEST(Fit, LearnsToFindABallItHasNotSeen) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2), ball(3), ball(4)};
  Segmenter segmenter(kNet, Rng(3));
  FitOptions options = kShort;
  options.patch = {16, 16, 16};  // instance normalisation sees whole balls in training, as in prediction
  options.optimiser.learning_rate = 5e-3;
  const FitReport report = fit(segmenter, cases, {0, 120, 120}, options, Rng(7));
  EXPECT_LT(report.last_loss, 0.6 * report.first_loss);
  const TrainingCase unseen = ball(9);
  const at::Tensor image = torch::tensor(unseen.image).view({1, 16, 16, 16});
  const at::Tensor predicted = predict_probabilities(segmenter, image, {.patch = {16, 16, 16}})[1] > 0.5;
  const at::Tensor truth = torch::tensor(std::vector<int>(unseen.labels.begin(), unseen.labels.end())).view({16, 16, 16}) > 0;
  const double overlap = (predicted & truth).sum().item<double>(), total = predicted.sum().item<double>() + truth.sum().item<double>();
  EXPECT_GT(2 * overlap / total, 0.7);
}

/// Stopped after five steps, everything written to bytes and read back, then continued.
std::string digest_of_interrupted_run(const FitOptions& options, bool interrupted) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  Segmenter segmenter(kNet, Rng(3));
  OptimiserState state;
  if (!interrupted) {
    fit(segmenter, cases, kTwelve, options, Rng(5), &state);
    return digest(segmenter.state());
  }
  fit(segmenter, cases, {0, 5, 12}, options, Rng(5), &state);
  OptimiserState restored = parse_optimiser_state(encode(state), "test");
  EXPECT_EQ(restored, state);
  Segmenter second(kNet, Rng(99));
  second.load(segmenter.state());
  fit(second, cases, {5, 7, 12}, options, Rng(5), &restored);
  return digest(second.state());
}

TEST(Fit, AnInterruptedTrainingContinuesByteForByte) {
  FitOptions options = kShort;
  EXPECT_EQ(digest_of_interrupted_run(options, true), digest_of_interrupted_run(options, false));
  options.optimiser.kind = OptimiserKind::kSgd;
  options.optimiser.learning_rate = 1e-2;
  EXPECT_EQ(digest_of_interrupted_run(options, true), digest_of_interrupted_run(options, false));
}

TEST(Fit, TheOptimisersMemoryMatters) {
  // Else the test above would also pass with a memory that is thrown away.
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  Segmenter kept(kNet, Rng(3)), forgotten(kNet, Rng(3));
  OptimiserState state;
  fit(kept, cases, {0, 5, 12}, kShort, Rng(5), &state);
  fit(forgotten, cases, {0, 5, 12}, kShort, Rng(5));
  fit(kept, cases, {5, 7, 12}, kShort, Rng(5), &state);
  fit(forgotten, cases, {5, 7, 12}, kShort, Rng(5));
  EXPECT_NE(digest(kept.state()), digest(forgotten.state()));
}

TEST(Fit, AMemoryOfAnotherNetworkIsRefused) {
  const std::vector<TrainingCase> cases{ball(1)};
  Segmenter segmenter(kNet, Rng(3));
  OptimiserState state;
  fit(segmenter, cases, {0, 1, 12}, kShort, Rng(5), &state);
  state.first_moment.tensors[0].shape[0] += 1;
  EXPECT_THROW(fit(segmenter, cases, {1, 1, 12}, kShort, Rng(5), &state), Error);
}

TEST(Fit, Bfloat16LearnsAsFloat32Does) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2), ball(3)};
  FitOptions options = kShort;
  options.patch = {16, 16, 16};
  options.precision = Precision::kBfloat16;
  Segmenter segmenter(kNet, Rng(3));
  const FitReport report = fit(segmenter, cases, {0, 40, 40}, options, Rng(7));
  EXPECT_LT(report.last_loss, 0.9 * report.first_loss);
}

TEST(Fit, RegionsAreLearntByThreeOutputs) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  UNetOptions net = kNet;
  net.out_channels = 3;
  FitOptions options = kShort;
  options.patch = {16, 16, 16};
  options.regions = true;
  options.optimiser.learning_rate = 5e-3;
  Segmenter segmenter(net, Rng(3));
  const FitReport report = fit(segmenter, cases, {0, 40, 40}, options, Rng(7));
  EXPECT_LT(report.last_loss, 0.9 * report.first_loss);
  Segmenter wrong(kNet, Rng(3));
  EXPECT_THROW(fit(wrong, cases, {0, 1, 1}, options, Rng(7)), Error);
}

TEST(Fit, WhatCannotBeTrainedIsRefused) {
  Segmenter segmenter(kNet, Rng(3));
  EXPECT_THROW(fit(segmenter, {}, kTwelve, kShort, Rng(1)), Error);
  std::vector<TrainingCase> cases{ball(1)};
  FitOptions options = kShort;
  options.patch = {8, 6, 8};
  EXPECT_THROW(fit(segmenter, cases, kTwelve, options, Rng(1)), Error);
  cases[0].image[0] = NAN;
  options = kShort;
  options.patch = {16, 16, 16};
  try {
    fit(segmenter, cases, kTwelve, options, Rng(1));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("step 0"));
  }
}

TEST(Fit, FrozenTensorsKeepTheirValuesAndHaveNoMemory) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1)};
  Segmenter segmenter(kNet, Rng(3));
  const ModelState before = segmenter.state();
  std::vector<std::string> frozen;
  for (const NamedTensor& tensor : before.tensors)
    if (tensor.group != "head") frozen.push_back(tensor.name);
  OptimiserState memory;
  fit(segmenter, cases, {0, 2, 2}, kShort, Rng(5), &memory, {}, {.frozen = frozen});
  const ModelState after = segmenter.state();
  for (std::size_t n = 0; n < before.tensors.size(); ++n)
    EXPECT_EQ(after.tensors[n].values == before.tensors[n].values, before.tensors[n].group != "head") << before.tensors[n].name;
  EXPECT_EQ(memory.first_moment.tensors.size(), before.tensors.size() - frozen.size());
}

TEST(Fit, PlainSgdGoesAgainstTheRecordedGradient) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1)};
  Segmenter segmenter(kNet, Rng(3));
  const ModelState before = segmenter.state();
  FitOptions options = kShort;
  options.optimiser = {.kind = OptimiserKind::kSgd, .learning_rate = 0.01, .poly_power = 0.9, .weight_decay = 0, .momentum = 0};
  OptimiserState memory;
  const FitReport report = fit(segmenter, cases, {0, 1, 2}, options, Rng(5), &memory, {}, {.record_gradient = true});
  const ModelState after = segmenter.state();
  EXPECT_EQ(report.rates, 0.01);
  EXPECT_TRUE(memory.first_moment.tensors.empty()) << "plain SGD remembers nothing";
  EXPECT_EQ(parse_optimiser_state(encode(memory), "test"), memory);
  for (std::size_t t = 0; t < before.tensors.size(); ++t)
    for (std::size_t n = 0; n < before.tensors[t].values.size(); ++n)
      ASSERT_NEAR(after.tensors[t].values[n], before.tensors[t].values[n] - 0.01F * report.mean_gradient.tensors[t].values[n], 1e-6F) << before.tensors[t].name;
}

TEST(Fit, TheMeanLossIsThatOfTheNetworkAsItIs) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2)};
  Segmenter segmenter(kNet, Rng(3));
  const std::string before = digest(segmenter.state());
  const double loss = mean_loss(segmenter, cases, 3, kShort, Rng(5));
  EXPECT_EQ(mean_loss(segmenter, cases, 3, kShort, Rng(5)), loss);
  EXPECT_NE(mean_loss(segmenter, cases, 3, kShort, Rng(6)), loss);
  EXPECT_GT(loss, 0);
  EXPECT_EQ(digest(segmenter.state()), before);
  EXPECT_THROW(mean_loss(segmenter, {}, 3, kShort, Rng(5)), Error);
}

}  // namespace
}  // namespace consilium::models
