#include "fl/aggregate/sketch.h"

#include <cstdint>

#include "base/parallel.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBlock = 65536;

/// A fixed hash of a place: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t hash_of(std::uint64_t place) {
  place += 0x9e3779b97f4a7c15;
  place = (place ^ (place >> 30)) * 0xbf58476d1ce4e5b9;
  place = (place ^ (place >> 27)) * 0x94d049bb133111eb;
  return place ^ (place >> 31);
}

void add_block(std::span<const float> values, std::uint64_t first_place, bool is_whole, std::vector<double>& sketch) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t hash = is_whole ? 0 : hash_of(first_place + i);
    const std::size_t target = is_whole ? first_place + i : hash % kSketchLength;
    sketch[target] += (hash >> 63) == 0 ? static_cast<double>(values[i]) : -static_cast<double>(values[i]);
  }
}

}  // namespace

std::vector<double> sketch_of(const ModelState& global, const Update& update) {
  std::size_t count = 0;
  for (const NamedTensor& tensor : global.tensors) count += tensor.values.size();
  const bool is_whole = count <= kSketchLength;
  std::vector<double> sketch(is_whole ? count : kSketchLength, 0);
  const UpdateWeights weights(update);
  std::vector<float> scratch;
  std::uint64_t place = 0;
  for (const NamedTensor& tensor : global.tensors) {
    if (const auto number = weights.find(tensor.name))
      for (std::size_t begin = 0; begin < tensor.values.size(); begin += kBlock)
        add_block(weights.block(*number, begin, std::min(kBlock, tensor.values.size() - begin), scratch), place + begin, is_whole, sketch);
    place += tensor.values.size();
  }
  return sketch;
}

std::vector<std::vector<double>> sketches_of(const ModelState& global, const std::vector<const Update*>& updates) {
  std::vector<std::vector<double>> sketches(updates.size());
  parallel_for(updates.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) sketches[n] = sketch_of(global, *updates[n]);
  });
  return sketches;
}

}  // namespace consilium::fl
