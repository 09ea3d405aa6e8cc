#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "imaging/volume.h"

namespace consilium::imaging {

/// (x - mean) / standard deviation over the voxels of `mask` (zero or not); voxels outside become 0. A constant foreground becomes 0.
/// @throws Error{kMismatch} the mask does not fit. Source: nnU-Net's and MONAI's z-score (population deviation).
Volume zscore(const Volume& volume, std::span<const std::uint8_t> mask);

/// The same over voxels that are not 0: images without skull.
Volume zscore_foreground(const Volume& volume);

struct CtWindow {
  double level_hu = 40;
  double width_hu = 80;  ///< > 0; 40/80 is the usual brain window
};
/// HU -> [0, 1] over the window, clipped.
Volume window_ct(const Volume& volume, const CtWindow& window = {});

/// Values clipped to two percentiles (linear interpolation) of the finite voxels, or of those of them in `mask` where one is given.
/// @throws Error{kUsage} not 0 <= low < high <= 100; Error{kMismatch} the mask does not fit.
Volume percentile_clip(const Volume& volume, double low, double high, std::span<const std::uint8_t> mask = {});

/// Head against air: above Otsu's threshold of the histogram. Source: Otsu 1979, doi:10.1109/TSMC.1979.4310076.
std::vector<std::uint8_t> otsu_mask(const Volume& volume);

}  // namespace consilium::imaging
