#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>

#include "base/parallel.h"
#include "base/rng.h"
#include "bench/ratio_reporter.h"
#include "fl/aggregate/fedavg.h"

// One round of 1000 sites with 5.6 million parameters in 86 tensors, aggregated in memory; the limit is reading the same bytes once, in the same order and one update after the
// other. 22 GB of updates do not fit: kDistinct of them do, 5.7 GB, and come again in turn. Block by block, 256 blocks of a quarter of a megabyte lie between two readings of the same
// bytes: 64 MB, twice the third-level cache that was measured with, so that it does not help.
namespace consilium::bench {
namespace {

constexpr std::size_t kBlock = 65536;  // of average_deltas; a tensor here is one
constexpr std::size_t kSites = 1000, kDistinct = 256, kTensors = 86, kWeights = kTensors * kBlock;

ModelState model(float value) {
  ModelState state;
  for (std::size_t n = 0; n < kTensors; ++n) {
    const std::string name = "tensor_" + std::to_string(100 + n);
    state.tensors.push_back({name, "trunk", {static_cast<std::int64_t>(kBlock)}, std::vector<float>(kBlock, value)});
  }
  return state;
}

std::vector<fl::Update> thousand_updates() {
  std::vector<std::shared_ptr<const ModelState>> distinct;
  for (std::size_t n = 0; n < kDistinct; ++n) distinct.push_back(std::make_shared<const ModelState>(model(1e-3F * static_cast<float>(n + 1))));
  std::vector<fl::Update> updates(kSites);
  for (std::size_t n = 0; n < kSites; ++n) {
    updates[n].site = "site_" + std::to_string(10000 + n);
    updates[n].cases_per_group = {{"trunk", static_cast<std::int64_t>(10 + n % 91)}};
    updates[n].shared_delta = distinct[n % kDistinct];
  }
  return updates;
}

/// Sums that do not wait for one another: as fast as memory gives.
float sum_of(std::span<const float> values) {
  float sums[64] = {};
  for (std::size_t n = 0; n + 64 <= values.size(); n += 64)
    for (std::size_t lane = 0; lane < 64; ++lane) sums[lane] += values[n + lane];
  float sum = 0;
  for (const float value : sums) sum += value;
  return sum;
}

void read_in_blocks(const std::vector<fl::Update>& updates) {
  parallel_for(kTensors, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t tensor = begin; tensor < end; ++tensor)
      for (const fl::Update& update : updates) benchmark::DoNotOptimize(sum_of(update.shared_delta->tensors[tensor].values));
  });
}

void read_one_after_the_other(const std::vector<fl::Update>& updates) {
  parallel_for(updates.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n)
      for (const NamedTensor& tensor : updates[n].shared_delta->tensors) benchmark::DoNotOptimize(sum_of(tensor.values));
  });
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const std::vector<fl::Update> updates = thousand_updates();
  const ModelState global = model(1);
  const auto add = [&](const std::string& who, std::function<void()> body) {
    benchmark::RegisterBenchmark(("1000 sites, 5.6 million weights/" + who).c_str(),
                                 [=](benchmark::State& state) {
                                   for (auto _ : state) body();
                                   state.SetBytesProcessed(static_cast<std::int64_t>(static_cast<std::size_t>(state.iterations()) * kSites * kWeights * sizeof(float)));
                                 })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime()
        ->MinTime(0.5)
        ->Repetitions(3);
  };
  add("consilium", [&] { benchmark::DoNotOptimize(fl::fed_avg(global, updates)); });
  add("limit: reading them once, in blocks", [&] { read_in_blocks(updates); });
  add("limit: reading them once, whole", [&] { read_one_after_the_other(updates); });
  return run(argc, argv);
}
