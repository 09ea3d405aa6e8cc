#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/state/model_state.h"

namespace consilium::fl {

// Numbers of the format that encode_delta and DeltaDecoder share; docs/wire_format.md explains them.
inline constexpr std::string_view kDeltaMagic = "CNSD";
inline constexpr std::uint8_t kDeltaVersion = 1;
inline constexpr std::size_t kLayoutBytes = 32;
inline constexpr std::size_t kDeltaHeaderBytes = 4 + 1 + 1 + kLayoutBytes + 4 + 4;  ///< up to the table
inline constexpr std::size_t kMostParts = 8;
inline constexpr std::size_t kMostEntryBytes = 9 + 2 + kMostParts * 18;  ///< of the table, for one tensor

/// SHA-256 over names, groups and shapes: which model an update belongs to.
std::string layout_digest(const ModelState& global);

}  // namespace consilium::fl
