#include "fl/aggregate/sketch.h"

#include <algorithm>
#include <cstdint>

#include "base/parallel.h"
#include "fl/aggregate/dot_product.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kBlock = 65536, kSigns = 64;

/// A fixed hash: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t hash_of(std::uint64_t place) {
  place += 0x9e3779b97f4a7c15;
  place = (place ^ (place >> 30)) * 0xbf58476d1ce4e5b9;
  place = (place ^ (place >> 27)) * 0x94d049bb133111eb;
  return place ^ (place >> 31);
}

/// Places are taken as rows of kSketchLength; a row is turned by a number that is hashed from its own, and every place has a sign of its own. So two places of one row never meet, two of
/// different rows meet with probability 1 / kSketchLength, and what is added lies in one piece.
void add_block(std::span<const float> values, std::uint64_t first_place, std::vector<double>& sketch) {
  for (std::size_t i = 0; i < values.size();) {
    const std::uint64_t place = first_place + i, row = place / kSketchLength, word = place / kSigns;
    const std::size_t target = (place + hash_of(~row)) % kSketchLength;
    const std::size_t count = std::min({values.size() - i, static_cast<std::size_t>(kSigns - place % kSigns), kSketchLength - target});
    add_signed(std::span(sketch).subspan(target, count), values.subspan(i, count), hash_of(word) >> (place % kSigns));
    i += count;
  }
}

}  // namespace

std::vector<double> sketch_of(const ModelState& global, const Update& update) {
  const auto count = static_cast<std::size_t>(value_count(global));
  const bool is_whole = count <= kSketchLength;
  std::vector<double> sketch(is_whole ? count : kSketchLength, 0);
  const UpdateWeights weights(update);
  std::vector<float> scratch;
  const auto add = [&](std::span<const float> values, std::uint64_t first_place) {
    if (is_whole) std::copy(values.begin(), values.end(), sketch.begin() + static_cast<std::ptrdiff_t>(first_place));
    else add_block(values, first_place, sketch);
  };
  std::uint64_t place = 0;
  for (const NamedTensor& tensor : global.tensors) {
    if (const auto number = weights.find(tensor.name))
      for (std::size_t begin = 0; begin < tensor.values.size(); begin += kBlock)
        add(weights.block(*number, begin, std::min(kBlock, tensor.values.size() - begin), scratch), place + begin);
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
