#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "base/parallel.h"
#include "bench/peer.h"
#include "bench/random_case.h"
#include "bench/ratio_reporter.h"
#include "models/fit.h"
#include "models/predict.h"
#include "models/runtime.h"

// A training step and a sliding-window prediction of a small 3D U-Net, beside the same network written with Debian's
// python3-torch (bench/peers/unet.py: the same layers, loss and optimiser, float32, as many threads).
namespace consilium::bench {
namespace {

models::UNetOptions network() { return {.in_channels = 4, .out_channels = 4, .filters = {16, 32, 64, 128}}; }

void train(benchmark::State& state) {
  models::Segmenter segmenter(network(), Rng(1));
  const std::vector<models::TrainingCase> cases{random_case(64)};
  models::FitOptions options{.patch = {48, 48, 48}, .batch = 1};
  options.augment = {.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  models::OptimiserState memory;
  std::int64_t step = 0;
  for (auto _ : state) models::fit(segmenter, cases, {step++, 1, 1000}, options, Rng(1), &memory);
}

void predict(benchmark::State& state) {
  const models::Segmenter segmenter(network(), Rng(1));
  const at::Tensor image = torch::randn({4, 96, 96, 96});
  for (auto _ : state)
    benchmark::DoNotOptimize(models::predict_probabilities(segmenter, image, {.patch = {48, 48, 48}, .overlap = 0.5}));
}

void peer(benchmark::State& state, const std::string& work) {
  for (auto _ : state) {
    const double seconds = peer_seconds("unet.py", {work, std::to_string(thread_limit())});
    if (seconds < 0) state.SkipWithError("python3-torch is not installed");
    state.SetIterationTime(std::max(seconds, 1e-9));
  }
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  models::configure_torch();
  benchmark::RegisterBenchmark("training step 48^3/consilium", train)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Iterations(4)
      ->Repetitions(3);
  benchmark::RegisterBenchmark("training step 48^3/python3-torch", peer, "train")
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("predict 96^3/consilium", predict)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->Iterations(1)
      ->Repetitions(3);
  benchmark::RegisterBenchmark("predict 96^3/python3-torch", peer, "predict")
      ->UseManualTime()
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
  return run(argc, argv);
}
