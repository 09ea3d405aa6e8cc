#include "pipelines/foreground.h"

#include <algorithm>

#include "imaging/ops/intensity.h"

namespace consilium::pipelines {
namespace {

bool is_mr(const std::string& channel) { return channel != "CT" && channel != "PET"; }

}  // namespace

bool is_masked(const Volume& volume) {
  return 10 * static_cast<std::size_t>(std::count(volume.voxels.begin(), volume.voxels.end(), 0.0F)) > volume.voxels.size();
}

std::vector<std::uint8_t> foreground(const Volume& volume, const std::string& channel) {
  if (channel == "CT") {
    std::vector<std::uint8_t> mask(volume.voxels.size());
    for (std::size_t n = 0; n < mask.size(); ++n) mask[n] = volume.voxels[n] > -500 ? 1 : 0;  // body against air
    return mask;
  }
  if (is_mr(channel) && !is_masked(volume)) return imaging::otsu_mask(volume);
  std::vector<std::uint8_t> mask(volume.voxels.size());
  for (std::size_t n = 0; n < mask.size(); ++n) mask[n] = volume.voxels[n] != 0 ? 1 : 0;
  return mask;
}

}  // namespace consilium::pipelines
