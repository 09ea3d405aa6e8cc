#include "models/patches.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace consilium::models {
namespace {

std::int64_t offset_in(const std::array<std::int64_t, 3>& size, std::int64_t d, std::int64_t h, std::int64_t w) { return (d * size[1] + h) * size[2] + w; }

}  // namespace

PatchPlace draw_patch(const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool foreground, Rng& rng) {
  std::array<std::int64_t, 3> inside{-1, -1, -1};
  if (foreground) {
    std::array<std::uint64_t, 256> counts{};
    for (const std::uint8_t label : sample.labels) ++counts[label];
    std::vector<int> classes;
    for (int label = 1; label < 256; ++label)
      if (counts[label] > 0) classes.push_back(label);
    if (!classes.empty()) {
      const int wanted = classes[rng.below(classes.size())];
      std::uint64_t skip = rng.below(counts[wanted]);
      std::int64_t n = 0;
      while (sample.labels[static_cast<std::size_t>(n)] != wanted || skip-- > 0) ++n;
      inside = {n / (sample.size[1] * sample.size[2]), n / sample.size[2] % sample.size[1], n % sample.size[2]};
    }
  }
  PatchPlace place;
  for (int axis = 0; axis < 3; ++axis) {
    const std::int64_t room = sample.size[axis] - patch[axis];
    if (room <= 0) {
      place.start[axis] = room / 2;
      continue;
    }
    std::int64_t low = 0, high = room;
    if (inside[axis] >= 0) {
      low = std::max<std::int64_t>(0, inside[axis] - patch[axis] + 1);
      high = std::min(room, inside[axis]);
    }
    place.start[axis] = low + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(high - low + 1)));
  }
  return place;
}

void copy_patch(const TrainingCase& sample, const PatchPlace& place, const std::array<std::int64_t, 3>& patch, std::span<float> image, std::span<std::int64_t> labels) {
  const std::int64_t voxels = patch[0] * patch[1] * patch[2], whole = sample.size[0] * sample.size[1] * sample.size[2];
  require(static_cast<std::int64_t>(labels.size()) == voxels && static_cast<std::int64_t>(image.size()) == voxels * sample.channels, ErrorCode::kMismatch, "patch buffers do not fit the patch");
  std::fill(image.begin(), image.end(), 0.0F);
  std::fill(labels.begin(), labels.end(), 0);
  const std::int64_t w_low = std::max<std::int64_t>(0, -place.start[2]), w_high = std::min(patch[2], sample.size[2] - place.start[2]);
  for (std::int64_t d = 0; d < patch[0]; ++d)
    for (std::int64_t h = 0; h < patch[1]; ++h) {
      const std::int64_t sd = d + place.start[0], sh = h + place.start[1];
      if (sd < 0 || sh < 0 || sd >= sample.size[0] || sh >= sample.size[1]) continue;
      for (std::int64_t w = w_low; w < w_high; ++w) {
        const std::int64_t from = offset_in(sample.size, sd, sh, w + place.start[2]), to = offset_in(patch, d, h, w);
        labels[static_cast<std::size_t>(to)] = sample.labels[static_cast<std::size_t>(from)];
        for (int c = 0; c < sample.channels; ++c) image[static_cast<std::size_t>(c * voxels + to)] = sample.image[static_cast<std::size_t>(c * whole + from)];
      }
    }
}

void validate(const TrainingCase& sample, int channels, int classes) {
  const std::int64_t voxels = sample.size[0] * sample.size[1] * sample.size[2];
  const std::string who = "case " + sample.id + ": ";
  require(voxels > 0 && sample.channels == channels, ErrorCode::kMismatch, who + "has " + std::to_string(sample.channels) + " channels, the network takes " + std::to_string(channels));
  require(static_cast<std::int64_t>(sample.image.size()) == voxels * channels && static_cast<std::int64_t>(sample.labels.size()) == voxels, ErrorCode::kMismatch, who + "image and labels do not fill its size");
  validate(sample.sets, classes);
  for (const std::uint8_t label : sample.labels)
    require(label < classes, ErrorCode::kMismatch, who + "label " + std::to_string(label) + " is not below the network's " + std::to_string(classes) + " classes");
}

}  // namespace consilium::models
