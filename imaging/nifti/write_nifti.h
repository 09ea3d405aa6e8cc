#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>

#include "imaging/nifti/nifti.h"
#include "imaging/voxel_type.h"

namespace consilium::imaging {

/// What a NIfTI file to be says of its voxels.
struct NiftiLayout {
  Geometry geometry;
  VoxelType type = VoxelType::kFloat32;
  NiftiScaling scaling = {};
  std::size_t volumes = 1;             ///< more than one: a 4-D image
  double seconds_per_volume = 0;       ///< pixdim[4]; 0: not known
  std::optional<Vec3> slice_step_mm = {};  ///< LPS, from slice to slice, of a sheared grid: then the sform alone is set
};

/// Writes an image whose voxels come plane by plane: `fill(first, bytes)` makes the planes from number `first` on (slice + slices *
/// volume), as many as `bytes` has room for. It is called for slabs of some megabytes on thread_limit() threads, which are also
/// compressed and written there: memory is a few slabs, whatever the size of the image.
///
/// qform = sform (code 1), millimetres; `path` ends in .nii or .nii.gz (one gzip member, no time). Same voxels, same bytes,
/// whatever the number of threads.
/// @throws Error{kUsage} another extension; Error{kCannotWrite}; Error{kUnsupported} more than 32767 voxels along an axis; what
/// `fill` throws.
void write_nifti_planes(const std::filesystem::path& path, const NiftiLayout& layout,
                        const std::function<void(std::size_t first, std::span<char> bytes)>& fill,
                        const NiftiWriteOptions& options = {});

}  // namespace consilium::imaging
