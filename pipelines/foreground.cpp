#include "pipelines/foreground.h"

#include <algorithm>

#include "imaging/ops/intensity.h"

namespace consilium::pipelines {
namespace {

bool is_mr(const std::string& channel) { return channel != "CT" && channel != "PET"; }

/// Fraction of voxels that are exactly 0: scanners' noise leaves none, masks many.
double zero_share(const Volume& volume) {
  return static_cast<double>(std::count(volume.voxels.begin(), volume.voxels.end(), 0.0F)) / static_cast<double>(volume.voxels.size());
}

}  // namespace

std::vector<std::uint8_t> foreground(const Volume& volume, const std::string& channel) {
  if (channel == "CT") {
    std::vector<std::uint8_t> mask(volume.voxels.size());
    for (std::size_t n = 0; n < mask.size(); ++n) mask[n] = volume.voxels[n] > -500 ? 1 : 0;  // body against air
    return mask;
  }
  if (is_mr(channel) && zero_share(volume) <= 0.1) return imaging::otsu_mask(volume);
  std::vector<std::uint8_t> mask(volume.voxels.size());
  for (std::size_t n = 0; n < mask.size(); ++n) mask[n] = volume.voxels[n] != 0 ? 1 : 0;
  return mask;
}

}  // namespace consilium::pipelines
