#include "pipelines/confidence.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

double entropy_bits(double p) {
  const double q = 1 - p;
  return (p > 0 ? -p * std::log2(p) : 0) + (q > 0 ? -q * std::log2(q) : 0);
}

LabelMap most_probable(std::span<const Volume> probabilities) {
  LabelMap labels{probabilities[0].geometry, std::vector<Label>(probabilities[0].voxels.size(), 0)};
  for (std::size_t n = 0; n < labels.labels.size(); ++n)
    for (std::size_t c = 1; c < probabilities.size(); ++c)
      if (probabilities[c].voxels[n] > probabilities[labels.labels[n]].voxels[n]) labels.labels[n] = static_cast<Label>(c);
  return labels;
}

/// Which classes make up a region: those whose voxels its mask shows.
std::vector<std::size_t> classes_of(imaging::Region region, std::size_t classes) {
  LabelMap each{{{classes, 1, 1}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, {}};
  for (std::size_t c = 0; c < classes; ++c) each.labels.push_back(static_cast<Label>(c));
  const auto mask = imaging::region_mask(each, region);
  std::vector<std::size_t> found;
  for (std::size_t c = 1; c < classes; ++c)
    if (mask[c] != 0) found.push_back(c);
  return found;
}

bool touches_other_side(const std::vector<std::uint8_t>& mask, const Size3& size, const Size3& at) {
  const std::uint8_t here = mask[offset_of(size, at[0], at[1], at[2])];
  for (std::size_t a = 0; a < 3; ++a)
    for (const int step : {-1, 1}) {
      Size3 next = at;
      if ((step < 0 && at[a] == 0) || (step > 0 && at[a] + 1 == size[a])) continue;
      next[a] = step < 0 ? at[a] - 1 : at[a] + 1;
      if (mask[offset_of(size, next[0], next[1], next[2])] != here) return true;
    }
  return false;
}

struct Mean {
  double margin = 0, entropy = 0, probability = 0;
  std::size_t count = 0;
  void add(double p) { margin += std::abs(2 * p - 1), entropy += entropy_bits(p), probability += p, ++count; }
  double of(double sum) const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

}  // namespace

std::vector<RegionConfidence> confidence_of(std::span<const Volume> probabilities, const imaging::LabelScheme& scheme, const std::vector<std::string>& names) {
  require(probabilities.size() >= 2 && probabilities.size() < 256, ErrorCode::kMismatch, "expected one probability image per class");
  for (const Volume& image : probabilities) require(image.geometry == probabilities[0].geometry && image.voxels.size() == voxel_count(image.geometry), ErrorCode::kMismatch, "probability images lie on different grids");
  require(names.size() == scheme.regions.size(), ErrorCode::kMismatch, "expected a name for each region");
  const LabelMap labels = most_probable(probabilities);
  const Size3& size = labels.geometry.size;
  std::vector<RegionConfidence> result;
  for (std::size_t r = 0; r < names.size(); ++r) {
    const auto mask = imaging::region_mask(labels, scheme.regions[r]);
    const auto classes = classes_of(scheme.regions[r], probabilities.size());
    Mean inside, border;
    for (std::size_t n = 0; n < mask.size(); ++n) {
      const bool at_border = touches_other_side(mask, size, {n % size[0], n / size[0] % size[1], n / size[0] / size[1]});
      if (mask[n] == 0 && !at_border) continue;
      double p = 0;
      for (const std::size_t c : classes) p += probabilities[c].voxels[n];
      p = std::clamp(p, 0.0, 1.0);
      if (mask[n] != 0) inside.add(p);
      if (at_border) border.add(p);
    }
    result.push_back({names[r], inside.count, inside.of(inside.probability), inside.of(inside.margin), inside.of(inside.entropy), border.of(border.margin), border.of(border.entropy)});
  }
  return result;
}

Json to_json(const RegionConfidence& c) {
  return {{"region", c.region}, {"voxels", c.voxels}, {"probability", c.probability}, {"margin", c.margin}, {"entropy_bits", c.entropy_bits},
          {"border_margin", c.border_margin}, {"border_entropy_bits", c.border_entropy_bits}};
}

}  // namespace consilium::pipelines
