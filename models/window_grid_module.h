#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <array>
#include <vector>

#include "models/predict.h"

namespace consilium::models {

/// First voxel of a window: d, h, w.
using WindowPlace = std::array<std::int64_t, 3>;

/// Overlapping windows over an image; one smaller than a window is padded with 0.
struct WindowGrid {
  /// @throws Error{kUsage} the patch is no multiple of `stride`.
  WindowGrid(const at::Tensor& image, const WindowOptions& options, int stride);
  /// View of [..., D, H, W].
  at::Tensor window_of(const at::Tensor& x, const WindowPlace& at) const;

  std::array<std::int64_t, 3> patch;
  at::Tensor padded;  ///< [C, D, H, W]
  std::vector<WindowPlace> places;
};

}  // namespace consilium::models
