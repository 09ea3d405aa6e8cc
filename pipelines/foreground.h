#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imaging/volume.h"

namespace consilium::pipelines {

/// 1 where a channel shows the patient. CT: above -500 HU; MR: Otsu's threshold, or what is not 0 when more than a tenth is 0 (masked images); PET: what is not 0.
std::vector<std::uint8_t> foreground(const Volume& volume, const std::string& channel);

/// More than a tenth of the voxels is exactly 0: scanners' noise leaves none, masks and fields of view that end early leave many.
bool is_masked(const Volume& volume);

}  // namespace consilium::pipelines
