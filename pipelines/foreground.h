#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "imaging/volume.h"

namespace consilium::pipelines {

/// 1 where a channel shows the patient. CT: above -500 HU; MR: Otsu's threshold, or what is not 0 when more than a tenth is 0 (masked images); PET: what is not 0.
std::vector<std::uint8_t> foreground(const Volume& volume, const std::string& channel);

}  // namespace consilium::pipelines
