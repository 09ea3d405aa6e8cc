#pragma once

#include <string>
#include <string_view>

#include "imaging/label_map.h"
#include "imaging/volume.h"

namespace consilium::imaging {

/// Where increasing i, j and k point, by the nearest patient axis: letters of L/R, P/A, S/I ("LPS" for an identity direction).
std::string orientation_code(const Geometry& geometry);

/// Permutes and flips axes so that `orientation_code` becomes `code`. No voxel moves in space, none is interpolated.
/// @throws Error{kUsage} `code` is not three letters, one of each pair.
Volume orient(const Volume& volume, std::string_view code = "LPS");
LabelMap orient(const LabelMap& labels, std::string_view code = "LPS");

}  // namespace consilium::imaging
