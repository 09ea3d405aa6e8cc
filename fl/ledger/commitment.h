#pragma once

#include <string>

#include "fl/compress/compression.h"
#include "fl/update.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

inline constexpr std::size_t kNonceBytes = 32;

/// Everything that an update says, as canonical JSON: what it counts for, and its weights by the SHA-256 of their chunks as they travel (compressed, masked or encrypted as they are).
std::string update_text(const Update& update, const ChunkList& delta, Codec codec);

/// SHA-256(nonce || update_text), hexadecimal: enters the ledger, and tells nobody anything who does not have the nonce. Whoever has nonce, text and weights can show that exactly
/// they counted. @throws Error{kCorruptData} the nonce is not kNonceBytes long.
std::string commitment(std::string_view nonce, const Update& update, const ChunkList& delta, Codec codec);

}  // namespace consilium::fl
