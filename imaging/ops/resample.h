#pragma once

#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::imaging {

enum class Interpolation { kNearest, kLinear, kBSpline };

struct ResampleOptions {
  Interpolation interpolation = Interpolation::kLinear;
  float outside = 0;  ///< value beyond the outermost voxel centres by more than half a voxel; up to there the edge is repeated
};

/// Values of `moving` at the voxel centres of `grid`. B-splines are cubic. No smoothing: blur first when the grid is much coarser.
/// Source: Unser 1999, doi:10.1109/79.799930 (B-spline); semantics at the edge as ITK's ResampleImageFilter.
Volume resample(const Volume& moving, const Geometry& grid, const ResampleOptions& options = {});

/// Nearest label; background outside.
LabelMap resample_labels(const LabelMap& moving, const Geometry& grid);

/// The grid of the same field of view (outer corner of the first voxel kept) with voxels of `spacing_mm`; sizes are
/// round(size * old / new), at least 1, as in nnU-Net. @throws Error{kUsage} spacing not positive, or more than 2^31 voxels.
Geometry grid_with_spacing(const Geometry& geometry, const Vec3& spacing_mm);

}  // namespace consilium::imaging
