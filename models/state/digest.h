#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium {

/// A model's file travels in blocks of this size, and its digest is made of their hashes: who has checked the blocks has checked the model.
inline constexpr std::uint32_t kDigestBlockBytes = 256 << 10;

/// encode_safetensors(state) as SHA-256 of its blocks, 32 bytes each; all but the last block are kDigestBlockBytes long.
struct BlockHashes {
  std::uint64_t size_bytes = 0;
  std::vector<std::string> hashes;
};
/// Copies no values; several threads.
BlockHashes block_hashes(const ModelState& state);

/// SHA-256 of "SIZE BLOCK_BYTES " and the hashes, as lower-case hex.
std::string digest_of_blocks(std::uint64_t size_bytes, std::uint32_t block_bytes, const std::vector<std::string>& hashes);

}  // namespace consilium
