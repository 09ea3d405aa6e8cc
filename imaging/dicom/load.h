#pragma once

#include <span>

#include "imaging/dicom/scan.h"
#include "imaging/nifti/nifti.h"
#include "imaging/voxel_type.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// The voxels of a series: Modality LUT, or Rescale Slope and Intercept, of each slice applied, so CT is in HU and PET in the unit of Units
/// (0054,1001).
///
/// Slices are read on thread_limit() threads. Encodings: uncompressed, deflated, RLE, JPEG (baseline, extended, lossless),
/// JPEG-LS, JPEG 2000.
/// @throws Error{kUnsupported} `series.problem` says why there is no volume, an encoding that is not decoded, named, or colours;
/// Error{kCorruptData} naming a file whose pixels are missing or too few; Error{kMismatch} a file has changed since the scan.
/// Source: DICOM PS3.3 C.7.6.3 (Image Pixel), C.11.1 (Modality LUT: value = slope * stored + intercept).
Volume load_series(const Series& series);

/// Before memory is taken: a header may claim 65535 x 65535 pixels. @throws Error{kCorruptData} a file that is too short for its pixels.
void require_room(std::span<const DicomHeader> slices);

/// How the voxels of slices are kept without loss: value = scaling.slope * stored + scaling.inter.
struct VoxelFormat {
  VoxelType type = VoxelType::kFloat32;
  NiftiScaling scaling;
  int added = 0;  ///< to DICOM's stored values: the Rescale Intercept of CT, where HU fit
};

/// From the headers alone. Integers when all slices share one slope and intercept; whole intercepts with slope 1 are applied where
/// the result fits 16 bits, so that readers without scl_inter are right too; RGB for colours; else float32.
VoxelFormat voxel_format(std::span<const DicomHeader> slices);

/// The planes of `slices` one after the other, each voxel as `format` says. Several threads may load different slices.
/// @throws as load_series. Source: the same.
void load_planes(std::span<const DicomHeader> slices, const VoxelFormat& format, std::span<char> target);

}  // namespace consilium::imaging
