#include "imaging/structures.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"

namespace consilium::imaging {
namespace {

using Bits = std::vector<std::uint64_t>;

Bits to_bits(std::span<const std::uint8_t> voxels) {
  Bits bits((voxels.size() + 63) / 64);
  for (std::size_t n = 0; n < voxels.size(); ++n) bits[n / 64] |= std::uint64_t{voxels[n] != 0} << n % 64;
  return bits;
}

bool overlap(const Bits& a, const Bits& b) {
  for (std::size_t n = 0; n < a.size(); ++n)
    if ((a[n] & b[n]) != 0) return true;
  return false;
}

/// Pairs of segments (lower index first) that share a voxel.
std::set<std::pair<std::size_t, std::size_t>> overlaps_of(const Structures& structures) {
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t k = 0; k < structures.geometry.size[2]; ++k) {
    std::vector<std::pair<std::size_t, Bits>> here;
    Bits seen;
    bool shared = false;
    structures.visit_plane(k, [&](std::size_t segment, std::span<const std::uint8_t> voxels) {
      here.emplace_back(segment, to_bits(voxels));
      const Bits& bits = here.back().second;
      seen.resize(bits.size());
      shared = shared || overlap(seen, bits);
      for (std::size_t n = 0; n < bits.size(); ++n) seen[n] |= bits[n];
    });
    // Most planes hold nothing that overlaps: pairs are looked at only where something does.
    for (std::size_t a = 0; shared && a < here.size(); ++a)
      for (std::size_t b = a + 1; b < here.size(); ++b) {
        const auto pair = std::minmax(here[a].first, here[b].first);
        if (!pairs.contains(pair) && overlap(here[a].second, here[b].second)) pairs.insert(pair);
      }
  }
  return pairs;
}

bool are_labels(const std::vector<int>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](int n) { return n >= 1 && n <= 255; }) &&
         std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size();
}

}  // namespace

void choose_labels(std::vector<Segment>& segments) {
  require(segments.size() <= 255, ErrorCode::kUnsupported,
          std::to_string(segments.size()) + " segments: a label map holds at most 255");
  std::vector<int> chosen, numbers;
  for (const Segment& segment : segments) {
    chosen.push_back(segment.label != 0 ? segment.label : segment.number);
    numbers.push_back(segment.number);
  }
  const std::vector<int>& labels = are_labels(chosen) ? chosen : numbers;
  const bool fit = are_labels(labels);
  for (std::size_t n = 0; n < segments.size(); ++n) segments[n].label = static_cast<Label>(fit ? labels[n] : static_cast<int>(n) + 1);
}

std::vector<std::vector<std::size_t>> layers_of(const Structures& structures) {
  const auto pairs = overlaps_of(structures);
  std::vector<std::vector<std::size_t>> layers;
  for (std::size_t segment = 0; segment < structures.segments.size(); ++segment) {
    const auto place = std::find_if(layers.begin(), layers.end(), [&](const auto& layer) {
      return std::none_of(layer.begin(), layer.end(), [&](std::size_t other) { return pairs.contains(std::minmax(other, segment)); });
    });
    if (place == layers.end()) {
      layers.push_back({segment});
    } else {
      place->push_back(segment);
    }
  }
  return layers;
}

void compose_plane(const Structures& structures, std::span<const std::size_t> layer, std::size_t k, std::span<Label> labels) {
  std::fill(labels.begin(), labels.end(), Label{0});
  structures.visit_plane(k, [&](std::size_t segment, std::span<const std::uint8_t> voxels) {
    if (std::find(layer.begin(), layer.end(), segment) == layer.end()) return;
    const Label label = structures.segments[segment].label;
    for (std::size_t n = 0; n < voxels.size(); ++n)
      if (voxels[n] != 0) labels[n] = label;
  });
}

LabelMap to_label_map(const Structures& structures, std::span<const std::size_t> layer) {
  const Size3& size = structures.geometry.size;
  LabelMap map{structures.geometry, std::vector<Label>(voxel_count(structures.geometry))};
  for (std::size_t k = 0; k < size[2]; ++k)
    compose_plane(structures, layer, k, std::span(map.labels).subspan(k * size[0] * size[1], size[0] * size[1]));
  return map;
}

}  // namespace consilium::imaging
