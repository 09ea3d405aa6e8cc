#pragma once

#include "imaging/dicom/scan.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// A regular grid for slices that lie unevenly, or sheared: the slices' own plane and pixels, at distances of the smallest gap (but
/// at most eight times as many as there are), wide enough for the first and the last slice.
/// @throws Error{kUnsupported} a series without slices, or whose problem is another one.
Geometry even_grid(const Series& series);

/// The voxels of a series whose only problem is `is_uneven` or `tilt_degrees`, on even_grid: linear between the pixels of a slice and
/// between the two slices on either side. What no slice covers gets the lowest value of the series.
/// @throws as load_series and even_grid. Source: as load_series; sheared stacks: DICOM PS3.3 C.8.15.3.9.
Volume load_even(const Series& series);

/// The grid of a stack of even slices, as if they lay straight above one another: the same number of voxels, nothing resampled.
Geometry stack_grid(const Series& series);

/// From each slice to the next, LPS: for a grid that stays sheared. The slices must be even.
Vec3 slice_step_mm(const Series& series);

}  // namespace consilium::imaging
