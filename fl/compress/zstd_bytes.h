#pragma once

#include <string>
#include <string_view>

namespace consilium::fl {

inline constexpr int kHighestZstdLevel = 19;

/// One zstd frame. Same bytes, level and library version: same result. `level`: 1 to kHighestZstdLevel.
std::string to_zstd(std::string_view bytes, int level);
/// Takes no more memory than `size`, which must be what comes out. @throws Error{kCorruptData}
std::string from_zstd(std::string_view frame, std::size_t size);

}  // namespace consilium::fl
