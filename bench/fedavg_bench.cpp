#include <benchmark/benchmark.h>

#include "base/parallel.h"
#include "bench/ratio_reporter.h"
#include "fl/aggregate/fedavg.h"

// Averaging K updates of 8 million weights; the limit is reading as many bytes once, with as many threads.
namespace consilium::bench {
namespace {

constexpr std::size_t kWeights = 8 << 20;

ModelState state_of(float value) {
  return {{{"trunk.weight", "trunk", {static_cast<std::int64_t>(kWeights)}, std::vector<float>(kWeights, value)}}};
}

std::vector<fl::Update> updates_of(int count) {
  std::vector<fl::Update> updates;
  for (int n = 0; n < count; ++n) {
    fl::Update update;
    update.site = "site_" + std::to_string(n);
    update.delta = state_of(0.001F * static_cast<float>(n));
    update.cases_per_group = {{"trunk", 10 + n}};
    updates.push_back(std::move(update));
  }
  return updates;
}

/// Eight sums that do not wait for one another: as fast as memory gives.
float sum_of(const float* values, std::size_t count) {
  float sums[64] = {};
  for (std::size_t n = 0; n + 64 <= count; n += 64)
    for (std::size_t lane = 0; lane < 64; ++lane) sums[lane] += values[n + lane];
  float sum = 0;
  for (const float value : sums) sum += value;
  return sum;
}

void read_once(const std::vector<fl::Update>& updates) {
  for (const fl::Update& update : updates) {
    const auto& values = update.delta.tensors[0].values;
    parallel_for(values.size(), 1 << 16, [&](std::size_t begin, std::size_t end) {
      benchmark::DoNotOptimize(sum_of(values.data() + begin, end - begin));
    });
  }
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const ModelState global = state_of(0);
  std::vector<std::vector<fl::Update>> kept;
  for (const int count : {3, 10}) {
    kept.push_back(updates_of(count));
    const std::size_t which = kept.size() - 1;
    const auto add = [&](const std::string& who, std::function<void()> body) {
      benchmark::RegisterBenchmark(("average " + std::to_string(count) + " updates/" + who).c_str(),
                                   [=](benchmark::State& state) {
                                     for (auto _ : state) body();
                                     state.SetBytesProcessed(static_cast<std::int64_t>(
                                         state.iterations() * static_cast<std::size_t>(count) * kWeights * sizeof(float)));
                                   })
          ->Unit(benchmark::kMillisecond)
          ->UseRealTime()
          ->MinTime(0.5);
    };
    add("consilium", [&kept, which, &global] { benchmark::DoNotOptimize(fl::fed_avg(global, kept[which])); });
    add("limit: reading them once", [&kept, which] { read_once(kept[which]); });
  }
  return run(argc, argv);
}
