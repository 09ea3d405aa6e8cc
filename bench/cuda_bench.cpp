#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>

#include "bench/peer.h"
#include "bench/random_case.h"
#include "bench/ratio_reporter.h"
#include "models/device.h"
#include "models/fit.h"
#include "models/predict.h"
#include "models/runtime.h"

// Training steps and predictions of nnU-Net's size for brain tumours (patches of 128^3, two at a time, filters 32 to 320) on a CUDA device, beside the same network
// in plain PyTorch on the same device (bench/peers/unet.py). CONSILIUM_BENCH_PYTHON names the Python whose torch sees the device.
namespace consilium::bench {
namespace {

constexpr int kSteps = 20;

models::UNetOptions network() { return {.in_channels = 4, .out_channels = 4, .filters = {32, 64, 128, 256, 320}}; }

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What a step is free to do.
struct Freedom {
  bool augmented = false;
  bool ordered = false;  ///< sums in one order, whatever they cost
  bool tries = false;    ///< cuDNN tries its algorithms on the first step of a shape and keeps the fastest
};

/// Of one step of several. The loss of each is read, so the device has done it.
void train(benchmark::State& state, models::Precision precision, Freedom freedom) {
  at::globalContext().setDeterministicAlgorithms(freedom.ordered, /*warn_only=*/true);
  at::globalContext().setBenchmarkCuDNN(freedom.tries);
  models::Segmenter segmenter(network(), Rng(1));
  segmenter.move_to(models::find_device("cuda"));
  const std::vector<models::TrainingCase> cases{random_case(160)};
  models::FitOptions options{.patch = {128, 128, 128}, .batch = 2, .precision = precision};
  if (!freedom.augmented) options.augment = {.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  models::fit(segmenter, cases, {0, 5, 1000}, options, Rng(1));
  for (auto _ : state) state.SetIterationTime(seconds_of([&] { models::fit(segmenter, cases, {5, kSteps, 1000}, options, Rng(1)); }) / kSteps);
}

void predict(benchmark::State& state, models::Precision precision) {
  models::Segmenter segmenter(network(), Rng(1));
  segmenter.move_to(models::find_device("cuda"));
  const at::Tensor image = torch::randn({4, 155, 240, 240});
  const models::WindowOptions window{.patch = {128, 128, 128}, .overlap = 0.5, .precision = precision};
  models::predict_probabilities(segmenter, image, window);
  for (auto _ : state) state.SetIterationTime(seconds_of([&] { benchmark::DoNotOptimize(models::predict_probabilities(segmenter, image, window)); }));
}

void peer(benchmark::State& state, const std::string& work, const std::string& precision) {
  for (auto _ : state) {
    const double seconds = peer_seconds("unet.py", {work, "1", "cuda", precision});
    if (seconds < 0) state.SkipWithError("no python3-torch that sees the device");
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
}

template <typename... Args>
void add(const std::string& name, int repetitions, Args&&... args) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<Args>(args)...)->UseManualTime()->Iterations(1)->Repetitions(repetitions)->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  if (models::describe_torch().cuda_devices == 0) {  // ./dev bench goes through all of them
    fmt::print("cuda_bench: LibTorch sees no CUDA device; nothing was measured\n");
    return 0;
  }
  models::configure_torch(1, models::find_device("cuda"));
  for (const auto& [word, precision] : {std::pair("float32", models::Precision::kFloat32), std::pair("bfloat16", models::Precision::kBfloat16)}) {
    add(fmt::format("step 128^3 x 2 {}/consilium", word), 3, train, precision, Freedom{});
    add(fmt::format("step 128^3 x 2 {}/PyTorch", word), 1, peer, "train", word);
    add(fmt::format("step with augmentation {}/consilium", word), 3, train, precision, Freedom{.augmented = true});
    add(fmt::format("step in one order {}/consilium", word), 3, train, precision, Freedom{.ordered = true});
    add(fmt::format("step, algorithms tried {}/consilium", word), 3, train, precision, Freedom{.tries = true});
    add(fmt::format("predict 240x240x155 {}/consilium", word), 3, predict, precision);
    add(fmt::format("predict 240x240x155 {}/PyTorch", word), 1, peer, "predict", word);
  }
  return run(argc, argv);
}
