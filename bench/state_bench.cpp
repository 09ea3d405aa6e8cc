#include <benchmark/benchmark.h>

#include <cstring>
#include <functional>

#include "bench/ratio_reporter.h"
#include "models/state/safetensors.h"

// A model of 8 million float32 weights (32 MB) to safetensors bytes and back, and its digest; the limit is one copy of its bytes.
namespace consilium::bench {
namespace {

ModelState model() {
  ModelState state;
  for (char name = 'a'; name < 'a' + 16; ++name)
    state.tensors.push_back({std::string(1, name) + ".weight", "trunk", {512, 1024}, std::vector<float>(512 * 1024, 0.5F)});
  return state;
}

void add(const char* name, const std::function<void()>& body) {
  benchmark::RegisterBenchmark(name,
                               [body](benchmark::State& state) {
                                 for (auto _ : state) body();
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MinTime(0.5);
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const ModelState state = model();
  const std::string bytes = encode_safetensors(state);
  // Fresh memory each time, as the functions beside it take.
  const auto copy = [&] {
    std::string other(bytes);
    benchmark::DoNotOptimize(other.data());
  };
  add("encode safetensors 32 MB/consilium", [&] { benchmark::DoNotOptimize(encode_safetensors(state)); });
  add("encode safetensors 32 MB/limit: one copy", copy);
  add("parse safetensors 32 MB/consilium", [&] { benchmark::DoNotOptimize(parse_safetensors(bytes, "bench")); });
  add("parse safetensors 32 MB/limit: one copy", copy);
  return run(argc, argv);
}
