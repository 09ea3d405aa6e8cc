#include "imaging/ops/crop.h"

#include <algorithm>

#include "base/error.h"

namespace consilium::imaging {
namespace {

template <typename T>
std::vector<T> cut(const std::vector<T>& values, const Size3& size, const IndexBox& box) {
  std::vector<T> result;
  result.reserve(box.size[0] * box.size[1] * box.size[2]);
  for (std::size_t k = 0; k < box.size[2]; ++k)
    for (std::size_t j = 0; j < box.size[1]; ++j) {
      const auto row = values.begin() + static_cast<std::ptrdiff_t>(offset_of(size, box.low[0], box.low[1] + j, box.low[2] + k));
      result.insert(result.end(), row, row + static_cast<std::ptrdiff_t>(box.size[0]));
    }
  return result;
}

}  // namespace

IndexBox foreground_box(const Volume& volume, float above, std::size_t margin) {
  const Size3& size = volume.geometry.size;
  Size3 low = size, high{0, 0, 0};
  for (std::size_t k = 0; k < size[2]; ++k)
    for (std::size_t j = 0; j < size[1]; ++j)
      for (std::size_t i = 0; i < size[0]; ++i) {
        if (!(volume.voxels[offset_of(size, i, j, k)] > above)) continue;
        const Size3 at{i, j, k};
        for (int c = 0; c < 3; ++c) low[c] = std::min(low[c], at[c]), high[c] = std::max(high[c], at[c] + 1);
      }
  if (high[0] == 0) return {{0, 0, 0}, size};
  IndexBox box;
  for (int c = 0; c < 3; ++c) {
    box.low[c] = low[c] > margin ? low[c] - margin : 0;
    box.size[c] = std::min(size[c], high[c] + margin) - box.low[c];
  }
  return box;
}

Geometry crop(const Geometry& geometry, const IndexBox& box) {
  Vec3 corner;
  for (int c = 0; c < 3; ++c) {
    require(box.size[c] > 0 && box.low[c] <= geometry.size[c] && box.size[c] <= geometry.size[c] - box.low[c], ErrorCode::kUsage, "the box to crop to leaves the image");
    corner[c] = static_cast<double>(box.low[c]);
  }
  Geometry result = geometry;
  result.size = box.size;
  result.origin_mm = to_position_mm(geometry, corner);
  return result;
}

Volume crop(const Volume& volume, const IndexBox& box) { return {crop(volume.geometry, box), cut(volume.voxels, volume.geometry.size, box)}; }

LabelMap crop(const LabelMap& labels, const IndexBox& box) { return {crop(labels.geometry, box), cut(labels.labels, labels.geometry.size, box)}; }

LabelMap uncrop(const LabelMap& part, const IndexBox& box, const Geometry& whole) {
  require(same_grid(part.geometry, crop(whole, box)), ErrorCode::kMismatch, "the part does not lie where the box says");
  LabelMap result{whole, std::vector<Label>(voxel_count(whole), 0)};
  for (std::size_t k = 0; k < box.size[2]; ++k)
    for (std::size_t j = 0; j < box.size[1]; ++j)
      std::copy_n(part.labels.begin() + static_cast<std::ptrdiff_t>(offset_of(box.size, 0, j, k)), box.size[0],
                  result.labels.begin() + static_cast<std::ptrdiff_t>(offset_of(whole.size, box.low[0], box.low[1] + j, box.low[2] + k)));
  return result;
}

}  // namespace consilium::imaging
