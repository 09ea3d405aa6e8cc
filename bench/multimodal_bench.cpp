#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include <ctime>
#include <functional>

#include "bench/convolution_cost.h"
#include "bench/ratio_reporter.h"
#include "models/fit.h"
#include "models/predict.h"
#include "models/runtime.h"

// A training step and a prediction of a network with modalities, beside the same convolutions by themselves, one after another: what everything else (normalisation,
// fusion, losses, the optimiser) adds. Limit: 1.3.
namespace consilium::bench {
namespace {

models::UNetOptions network() {
  models::UNetOptions options{.in_channels = 3, .out_channels = 2, .filters = {16, 32, 64, 128}};
  options.multimodal.modalities = {{"CT"}, {"PET"}, {"MR"}};
  return options;
}

models::TrainingCase training_case() {
  constexpr std::size_t kSize = 56;
  models::TrainingCase sample{"bench", 3, {kSize, kSize, kSize}};
  Rng rng(1);
  for (std::size_t n = 0; n < 3 * kSize * kSize * kSize; ++n) sample.image.push_back(static_cast<float>(rng.normal()));
  for (std::size_t n = 0; n < kSize * kSize * kSize; ++n) sample.labels.push_back(rng.chance(0.1) ? 1 : 0);
  return sample;
}

/// Processor time of this program: one thread, so that it is the same on a busy machine.
double processor_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void measure(benchmark::State& state, const std::function<void()>& work) {
  work();  // LibTorch chooses and compiles its kernels at first sight
  for (auto _ : state) {
    const double start = processor_seconds();
    work();
    state.SetIterationTime(processor_seconds() - start);
  }
}

constexpr std::int64_t kPatch = 48, kBatch = 2;

void train(benchmark::State& state) {
  models::Segmenter segmenter(network(), Rng(1));
  const std::vector<models::TrainingCase> cases{training_case()};
  models::FitOptions options{.patch = {kPatch, kPatch, kPatch}, .batch = kBatch};
  options.augment = {.flip = false, .rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  models::OptimiserState memory;
  std::int64_t step = 0;
  measure(state, [&] { models::fit(segmenter, cases, {step++, 1, 1000}, options, Rng(1), &memory); });
}

void predict(benchmark::State& state) {
  const models::Segmenter segmenter(network(), Rng(1));
  const at::Tensor image = torch::randn({3, kPatch, kPatch, 2 * kPatch});
  measure(state, [&] { benchmark::DoNotOptimize(models::predict_probabilities(segmenter, image, {.patch = {kPatch, kPatch, kPatch}, .overlap = 0})); });
}

void convolutions(benchmark::State& state, bool trains) {
  const std::vector<ConvolutionCost> all = convolutions_of(network(), kBatch, kPatch, trains);
  measure(state, [&] { run_convolutions(all, trains); });
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& work) {
  benchmark::RegisterBenchmark(name.c_str(), work)->Unit(benchmark::kMillisecond)->UseManualTime()->Iterations(4)->Repetitions(5);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  models::configure_torch(1);
  add("training step 2 x 48^3/consilium", train);
  add("training step 2 x 48^3/its convolutions", [](benchmark::State& state) { convolutions(state, true); });
  add("predict 2 x 48^3/consilium", predict);
  add("predict 2 x 48^3/its convolutions", [](benchmark::State& state) { convolutions(state, false); });
  return run(argc, argv);
}
