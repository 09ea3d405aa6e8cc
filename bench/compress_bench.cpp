#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <functional>

#include "bench/ratio_reporter.h"
#include "fl/compress/delta.h"

// An update of 5.6 million weights (22.5 MB of float32) through every codec and back, on one core; the limit is one copy of its
// values. Prints what each message takes and loses as well: heavy-tailed values, normal times log-normal.
namespace consilium::bench {
namespace {

ModelState network() {
  ModelState state;
  const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
    const auto count = static_cast<std::size_t>(element_count(shape));
    state.tensors.push_back({name, "trunk", std::move(shape), std::vector<float>(count)});
  };
  const std::vector<std::int64_t> filters{4, 32, 64, 128, 256, 176};
  for (std::size_t level = 1; level < filters.size(); ++level) {
    const std::string name = "down_" + std::to_string(level);
    add(name + ".conv1.weight", {filters[level], filters[level - 1], 3, 3, 3});
    add(name + ".conv2.weight", {filters[level], filters[level], 3, 3, 3});
    add(name + ".norm.bias", {filters[level]});
    add(name + ".norm.weight", {filters[level]});
  }
  add("head.weight", {4, 32, 1, 1, 1});
  return state;
}

ModelState heavy_tailed(ModelState state) {
  Rng rng(1);
  for (NamedTensor& tensor : state.tensors)
    for (float& value : tensor.values) value = static_cast<float>(1e-3 * rng.normal() * std::exp(rng.normal()));
  return state;
}

double relative_error(const ModelState& found, const ModelState& expected) {
  double error = 0, square = 0;
  for (std::size_t t = 0; t < expected.tensors.size(); ++t)
    for (std::size_t n = 0; n < expected.tensors[t].values.size(); ++n) {
      const double x = expected.tensors[t].values[n];
      error += std::pow(found.tensors[t].values[n] - x, 2);
      square += x * x;
    }
  return std::sqrt(error / square);
}

void add(const std::string& name, const std::function<void()>& body) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [body](benchmark::State& state) {
                                 for (auto _ : state) body();
                               })
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime()
      ->MinTime(0.3);
}

struct Named {
  std::string name;
  fl::CompressionSettings settings;
};

std::vector<Named> settings() {
  using fl::Codec;
  using fl::ValueCoding;
  return {{"none + zstd", {}},
          {"bf16", {.codec = Codec::kBf16}},
          {"int8", {.codec = Codec::kInt8}},
          {"stochastic 4 bit", {.codec = Codec::kStochastic}},
          {"topk 5 % bf16", {.codec = Codec::kTopK}},
          {"topk 1 % int8", {.codec = Codec::kTopK, .fraction = 0.01, .values = ValueCoding::kInt8}},
          {"sign", {.codec = Codec::kSign}},
          {"powersgd rank 4", {.codec = Codec::kPowerSgd}},
          {"rotation 1 bit", {.codec = Codec::kRotation, .bits = 1}},
          {"rotation 2 bit", {.codec = Codec::kRotation, .bits = 2}},
          {"rotation 4 bit", {.codec = Codec::kRotation, .bits = 4}}};
}

}  // namespace
}  // namespace consilium::bench

int main(int argc, char** argv) {
  using namespace consilium;
  using namespace consilium::bench;
  const ModelState global = network(), delta = heavy_tailed(global);
  std::size_t count = 0;
  for (const NamedTensor& tensor : delta.tensors) count += tensor.values.size();
  std::printf("%zu weights, %zu bytes of float32\n", count, count * sizeof(float));
  const fl::CompressionSeed seed{"digest", "site", 1};
  std::vector<std::string> messages;
  for (const Named& named : settings()) {
    messages.push_back(fl::encode_delta(delta, global, named.settings, seed));
    const ModelState found = fl::DeltaDecoder(fl::ByteSource::of_bytes(messages.back()), global, "bench").decode_all();
    std::printf("%-18s %9zu bytes  %5.1f times fewer  relative error %.4f\n", named.name.c_str(), messages.back().size(),
                static_cast<double>(count * sizeof(float)) / static_cast<double>(messages.back().size()),
                relative_error(found, delta));
  }
  const auto copy = [&] {
    ModelState other = delta;
    benchmark::DoNotOptimize(other.tensors.data());
  };
  std::size_t number = 0;
  for (const Named& named : settings()) {
    const std::string& message = messages[number++];
    add("encode " + named.name + "/consilium",
        [&, settings = named.settings] { benchmark::DoNotOptimize(fl::encode_delta(delta, global, settings, seed)); });
    add("encode " + named.name + "/limit: one copy", copy);
    add("decode " + named.name + "/consilium", [&] {
      const fl::DeltaDecoder decoder(fl::ByteSource::of_bytes(message), global, "bench");
      for (std::size_t n = 0; n < decoder.size(); ++n) benchmark::DoNotOptimize(decoder.decode(n));
    });
    add("decode " + named.name + "/limit: one copy", copy);
  }
  return run(argc, argv);
}
