#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/rng.h"
#include "models/training_case.h"

namespace consilium::models {

/// Where a patch lies: [start, start + patch) in D, H, W; it may reach beyond the image, where it is filled with 0.
struct PatchPlace {
  std::array<std::int64_t, 3> start{0, 0, 0};
};

/// A random place for a patch. With `foreground`, a voxel of a random class that the case has (background apart) lies inside the patch; a case
/// without foreground gets any place. An axis on which the image is not larger than the patch is centred.
PatchPlace draw_patch(const TrainingCase& sample, const std::array<std::int64_t, 3>& patch, bool foreground, Rng& rng);

/// Copies a patch: image [C, D, H, W] and labels [D, H, W] into buffers of that size, 0 beyond the image.
void copy_patch(const TrainingCase& sample, const PatchPlace& place, const std::array<std::int64_t, 3>& patch, std::span<float> image, std::span<std::int64_t> labels);

/// @throws Error{kMismatch} naming the case: buffers do not fill the sizes, or a label is not below `classes`.
void validate(const TrainingCase& sample, int channels, int classes);

}  // namespace consilium::models
