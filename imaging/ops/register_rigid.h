#pragma once

#include <cstdint>
#include <vector>

#include "imaging/ops/rigid_transform.h"
#include "imaging/volume.h"

namespace consilium::imaging {

struct RegisterOptions {
  std::vector<double> levels_mm{8, 4, 2};  ///< voxels of each level, coarse to fine; each image is smoothed by half of it
  int bins = 32;                           ///< of each image's histogram
  int iterations = 200;                    ///< at most, of each level
  std::size_t samples = 40000;             ///< of each level, at most: places at which the images are compared
  std::uint64_t seed = 1;                  ///< of the places' scatter
};

/// Where a second image lies, and what speaks for it. `information` values are in nats (imaging/metrics/mutual_information.h).
struct RigidRegistration {
  RigidTransform to_moving;       ///< position in the fixed image's space -> position in the moving image's
  double information_before = 0;  ///< with the positions that the scanners gave; 0 where the images do not overlap
  double information = 0;         ///< after registration
  double sharpness = 0;           ///< `information` over its mean with the moving image shifted by 15 mm along each axis, both ways: 1 means that no place is better than another
  double overlap = 0;             ///< share of the smaller image's volume within the other's
  double displacement_mm = 0;     ///< of the middle of the moving image
  double turn_degrees = 0;
};

/// Turns and shifts `moving` so that it tells most of `fixed`: Mattes mutual information, regular step gradient descent, coarse to
/// fine, from the better of the scanners' positions and of coinciding centres. Same images and options, same result: one thread.
/// @throws Error{kUsage} an option out of range; Error{kMismatch} the images overlap at no place that was tried.
/// Source: Mattes et al. 2003, doi:10.1109/TMI.2003.809072; ITK Software Guide, book 2, 3.7 and 3.8.
RigidRegistration register_rigid(const Volume& fixed, const Volume& moving, const RegisterOptions& options = {});

}  // namespace consilium::imaging
