#pragma once

#include <span>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// How alike two pictures are once the brightness and contrast of `image` have been fitted to `reference` (least squares): an eye, or a program, does that by itself.
struct Similarity {
  double psnr_db = 0;      ///< 10 log10(range^2 / mean squared difference), range of the reference; at most 100
  double ssim = 0;         ///< [-1, 1]; 1: equal
  double correlation = 0;  ///< before the fit, Pearson's
};

/// `image` with the brightness and contrast that come nearest to `reference` (least squares); flat where it tells nothing of it. @throws Error{kMismatch}
std::vector<float> fit_contrast(std::span<const float> image, std::span<const float> reference);

/// SSIM over cubes of 7 voxels that lie wholly inside (smaller images: one cube of the least size), constants 0.01 and 0.03, as scikit-image's default.
/// Source: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
/// @throws Error{kMismatch} lengths are not those of `size`; Error{kUsage} the reference is constant.
Similarity similarity(std::span<const float> image, std::span<const float> reference, const Size3& size);

}  // namespace consilium::imaging
