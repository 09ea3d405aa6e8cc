#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/settings.h"
#include "imaging/label_scheme.h"
#include "imaging/volume.h"

namespace consilium::pipelines {

/// How sure a prediction is of a region. Of a voxel: p is the probability of the region (the sum over its classes), margin |2 p - 1|, entropy
/// -p log2 p - (1 - p) log2(1 - p) in bits: 0 sure, 1 a coin.
struct RegionConfidence {
  std::string region;
  std::size_t voxels = 0;         ///< of the region, on the network's grid; all means below are 0 when there are none
  double probability = 0;         ///< mean of p over the region
  double margin = 0;              ///< mean over the region
  double entropy_bits = 0;        ///< mean over the region
  double border_margin = 0;       ///< mean over voxels that touch a voxel of the other side (six neighbours), on both sides
  double border_entropy_bits = 0;
};

/// `probabilities`: one image per class of the scheme's internal numbers, background first, on one grid; a voxel belongs to its most probable class.
/// `names`: of the scheme's regions, in its order.
/// @throws Error{kMismatch} images of different grids, fewer than two, or another number of names.
/// Source: Mehrtash et al. 2020, doi:10.1109/TMI.2020.3006437 (mean entropy over the segment as a measure of its quality).
std::vector<RegionConfidence> confidence_of(std::span<const Volume> probabilities, const imaging::LabelScheme& scheme, const std::vector<std::string>& names);

Json to_json(const RegionConfidence& confidence);

}  // namespace consilium::pipelines
