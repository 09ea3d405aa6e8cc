#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "models/label_sets.h"

namespace consilium::models {

/// A normalised case in plain arrays; x fastest, so that it is a tensor [C, D, H, W] without a copy.
struct TrainingCase {
  std::string id;
  int channels = 0;
  std::array<std::int64_t, 3> size{0, 0, 0};  ///< D, H, W
  std::vector<float> image;                   ///< channels * D * H * W
  std::vector<std::uint8_t> labels;           ///< D * H * W, class numbers
  LabelSets sets{};                           ///< which classes the labels tell apart; empty: all
  std::vector<bool> present{};                ///< per channel, does the case have it; empty: all. Voxels of an absent one are zeros that nobody reads
};

}  // namespace consilium::models
