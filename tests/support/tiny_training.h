#pragma once

#include "base/settings.h"

namespace consilium::test {

/// Settings whose training takes a second or two of one core: two channels, a network of two levels, patches of 8 voxels.
inline Json tiny_training(std::int64_t steps = 6, std::int64_t rounds = 3) {
  return {{"target", "brats_regions"},
          {"normalise", {{"channels", {"T1ce", "FLAIR"}}, {"spacing_mm", {2, 2, 2}}}},
          {"model", {{"filters", {4, 8}}}},
          {"fit", {{"patch", {8, 8, 8}}, {"batch", 2}, {"precision", "float32"}, {"optimiser", {{"learning_rate", 0.01}}}}},
          {"steps", steps},
          {"rounds", rounds},
          {"validation_cases", 1},
          {"overlap", 0.25},
          {"seed", 7}};
}

}  // namespace consilium::test
