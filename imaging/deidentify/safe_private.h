#pragma once

#include <cstdint>
#include <string_view>

namespace consilium::imaging {

/// Whether a private attribute is known to hold no identity: `tag` with the block's byte (xx in gggg,xxee) zero, `creator` as the
/// private creator of its block says. Source: DICOM PS3.15 Table E.3.10-1, without the makers' ultrasound and mammography
/// blocks.
bool is_safe_private(std::uint32_t tag, std::string_view creator);

}  // namespace consilium::imaging
