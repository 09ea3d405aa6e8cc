#pragma once

#include <filesystem>

#include "imaging/image_file.h"

namespace consilium::imaging {

/// NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd) of two to four dimensions, through ITK. Components of a vector are volumes.
///
/// Memory is taken only when the file that holds the voxels is long enough for them.
/// @throws Error{kNotFound}; Error{kCorruptData} what ITK says, or too few bytes; Error{kUnsupported} complex and colour voxels,
/// voxels spread over several files, sheared axes. Source: teem.sourceforge.net/nrrd/format.html; ITK's MetaIO documentation.
ImageFile read_itk_image(const std::filesystem::path& file);

}  // namespace consilium::imaging
