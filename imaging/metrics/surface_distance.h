#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "imaging/geometry.h"

namespace consilium::imaging {

/// Surface voxels are those of a mask with a face neighbour outside it; the image's edge counts as outside.
/// Directed distances, mm, from every surface voxel of one mask to the nearest of the other, in voxel order. Both masks not empty.
struct SurfaceDistances {
  std::vector<double> prediction_to_reference;
  std::vector<double> reference_to_prediction;
};
/// @throws Error{kMismatch} lengths differ; Error{kUsage} a mask is empty.
SurfaceDistances surface_distances(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, const Geometry& geometry);

enum class HausdorffKind {
  kMaxOfDirected,  ///< the larger of the two directed percentiles (MONAI)
  kPooled,         ///< the percentile of both sets together (MedPy)
};

struct HausdorffOptions {
  double percentile = 95;  ///< 100: the Hausdorff distance itself
  HausdorffKind kind = HausdorffKind::kMaxOfDirected;
  /// Given when exactly one mask is empty, mm; below 0: the diagonal of the image. BraTS 2023 gives 374. Both empty: 0.
  double penalty_mm = -1;
};

/// 95th percentile Hausdorff distance, mm; percentiles by linear interpolation (numpy's default).
/// @throws Error{kMismatch} lengths differ; Error{kUsage} percentile outside (0, 100].
/// Source: Huttenlocher et al. 1993, doi:10.1109/34.232073; exact distance transform: Felzenszwalb and Huttenlocher 2012,
/// doi:10.4086/toc.2012.v008a019.
double hd95_mm(std::span<const std::uint8_t> prediction, std::span<const std::uint8_t> reference, const Geometry& geometry, const HausdorffOptions& options = {});

/// Length of the image's diagonal, mm, as BraTS counts it: size times spacing.
double diagonal_mm(const Geometry& geometry);

}  // namespace consilium::imaging
