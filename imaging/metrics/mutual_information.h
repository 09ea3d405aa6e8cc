#pragma once

#include "imaging/ops/rigid_transform.h"
#include "imaging/volume.h"

namespace consilium::imaging {

struct MutualInformationOptions {
  int bins = 32;                      ///< of each image, between its least and its greatest value; 2 to 256
  std::size_t most_samples = 200000;  ///< voxels of the fixed image that are looked at, evenly spread
};

/// How much one image tells of the other.
struct MutualInformation {
  double nats = 0;          ///< sum of p(a, b) ln(p(a, b) / (p(a) p(b))); 0 without any overlap
  double inside_share = 0;  ///< of the fixed image's voxels that lie within the moving image
};

/// Over the voxels of `fixed` whose places, transformed, lie within `moving` (interpolated linearly).
/// @throws Error{kUsage} an option out of range. Source: Viola and Wells 1997, doi:10.1023/A:1007958904918.
MutualInformation mutual_information(const Volume& fixed, const Volume& moving, const RigidTransform& to_moving = {}, const MutualInformationOptions& options = {});

}  // namespace consilium::imaging
