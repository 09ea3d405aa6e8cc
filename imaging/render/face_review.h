#pragma once

#include "imaging/ops/find_face.h"
#include "imaging/render/picture.h"

namespace consilium::imaging {

/// Before, and after below it: the slice in the middle of the head, and the skin seen from the front and from the right.
/// Pixels are 1.5 mm. The upper row shows the face: it must not leave with the images.
/// @throws Error{kUnsupported} as find_face, when nothing is brighter than air.
Picture render_face_review(const Volume& before, const Volume& after, const FindFaceOptions& options = {});

}  // namespace consilium::imaging
