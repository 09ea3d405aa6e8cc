#pragma once

#include <cstddef>
#include <vector>

namespace consilium::models {

/// First voxels of the windows along one axis: the fewest whose distance is at most `(1 - overlap) * window`, spread evenly over the image,
/// the last one ending at its end. One window at 0 when the image is not larger than the window.
/// @throws Error{kUsage} a size of 0, or overlap outside [0, 1).
/// Source: nnU-Net, compute_steps_for_sliding_window.
std::vector<std::size_t> window_starts(std::size_t image, std::size_t window, double overlap);

/// Weight along one axis: a Gaussian about voxel n / 2 with standard deviation `sigma_scale * n`, 1 at its peak. Weights of a window are
/// products over the axes. Source: nnU-Net, compute_gaussian.
std::vector<float> gaussian_importance(std::size_t n, double sigma_scale = 0.125);

}  // namespace consilium::models
