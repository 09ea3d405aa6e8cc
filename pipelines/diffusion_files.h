#pragma once

#include <filesystem>
#include <vector>

#include "imaging/dicom/scan.h"

namespace consilium::pipelines {

/// Whether the volumes are diffusion weighted: each has a b-value, and one is above 0.
bool is_diffusion(const std::vector<const imaging::Series*>& volumes);

/// Whether directions are known: of trace images, and of GE scans that do not say how the patient lay, they are not.
bool has_directions(const std::vector<const imaging::Series*>& volumes);

/// b-values, and where `bvec` is not empty directions in the image's own axes as FSL wants them: along i, j and k of the written file, the first with its
/// sign turned when the file's axes are right-handed (the determinant of the RAS affine is positive). A weighted volume without
/// direction (trace) gets 0 0 0. `direction` is that of the written grid.
/// @throws Error{kCannotWrite}. Source: FSL, "FDT user guide", bvecs and bvals; BIDS 1.9, diffusion imaging data.
void write_diffusion(const std::filesystem::path& bval, const std::filesystem::path& bvec,
                     const std::vector<const imaging::Series*>& volumes, const Matrix3& direction);

}  // namespace consilium::pipelines
