#include "models/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <thread>

#include "models/batch_source_module.h"
#include "models/fit.h"
#include "models/predict.h"
#include "tests/models/multimodal_case.h"
#include "tests/support/refusal.h"

namespace consilium::models {
namespace {

using consilium::test::refusal;
using testing::HasSubstr;

TEST(Device, WordsAreKnownOrRefusedWithWhatThereIs) {
  EXPECT_EQ(find_device("cpu"), c10::Device(c10::kCPU));
  const int count = static_cast<int>(torch::cuda::device_count());
  EXPECT_EQ(find_device("auto").is_cuda(), count > 0);
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { find_device("cuda:127"); }), HasSubstr(count == 0 ? "sees no CUDA device" : "the last is cuda:"));
  for (const char* word : {"", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:1x", "cuda:99999999999", "cuda:128", "cuda1"}) {
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { find_device(word); }), HasSubstr(std::string("found \"") + word + "\""));
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_device_word(word, "site.device"); }), HasSubstr("site.device"));
  }
  for (const char* word : {"cpu", "auto", "cuda", "cuda:3"}) EXPECT_NO_THROW(require_device_word(word, "site.device"));
}

TEST(Device, ANetworkThatWasMovedIsTheSameNetwork) {
  Segmenter segmenter(test::small_network(), Rng(1));
  const ModelState before = segmenter.state();
  segmenter.move_to(find_device("cpu"));
  EXPECT_EQ(segmenter.device(), c10::Device(c10::kCPU));
  EXPECT_EQ(segmenter.state(), before);
}

/// Numbers that tell a batch.
std::vector<float> values(const DrawnBatch& drawn) {
  const at::Tensor all = torch::cat({drawn.batch.image.flatten(), drawn.batch.labels.flatten().to(torch::kFloat32)});
  return {all.data_ptr<float>(), all.data_ptr<float>() + all.numel()};
}

TEST(BatchSource, ABatchDrawnAheadIsTheOneThatWouldHaveBeenDrawn) {
  const std::vector<TrainingCase> cases{test::ball(1), test::ball(2)};
  const UNetOptions network = test::small_network();
  FitOptions options{.patch = {8, 8, 8}, .batch = 3};
  options.augment.noise_chance = 1;
  const auto draw = [&](std::int64_t step) {
    Rng own = Rng(4).fork(static_cast<std::uint64_t>(step));
    TrainingBatch batch = draw_batch(cases, options, options.batch, network, own);
    return DrawnBatch{std::move(batch), own};
  };
  BatchSource plain(draw, 9, false), ahead(draw, 9, true);
  for (std::int64_t step = 3; step < 9; ++step) {
    const DrawnBatch expected = plain.of(step), found = ahead.of(step);
    EXPECT_EQ(values(found), values(expected)) << step;
    EXPECT_EQ(found.batch.cases, expected.batch.cases);
    EXPECT_EQ(found.batch.presence, expected.batch.presence);
    Rng next = found.rng, next_expected = expected.rng;
    EXPECT_EQ(next.below(1000000), next_expected.below(1000000));
  }
}

TEST(BatchSource, DrawsNothingBehindTheLastStepAndHandsErrorsOn) {
  std::vector<std::int64_t> drawn;
  const auto note = [&](std::int64_t step) -> DrawnBatch {
    drawn.push_back(step);
    if (step == 2) throw Error(ErrorCode::kMismatch, "case 2");
    return {{}, Rng(1)};
  };
  {
    BatchSource ahead(note, 2, true);
    ahead.of(0);
    ahead.of(1);
  }
  EXPECT_EQ(drawn, (std::vector<std::int64_t>{0, 1}));
  BatchSource failing(note, 5, true);
  failing.of(1);
  EXPECT_EQ(refusal(ErrorCode::kMismatch, [&] { failing.of(2); }), "case 2");
}

TEST(BatchSource, AThreadBesideUsesNoMoreThreadsThanItsCaller) {
  at::set_num_threads(1);
  std::vector<int> threads;
  BatchSource ahead([&](std::int64_t) -> DrawnBatch {
    threads.push_back(at::get_num_threads());
    return {{}, Rng(1)};
  }, 3, true);
  for (std::int64_t step = 0; step < 3; ++step) ahead.of(step);
  EXPECT_EQ(threads, (std::vector<int>{1, 1, 1}));
}

}  // namespace
}  // namespace consilium::models
