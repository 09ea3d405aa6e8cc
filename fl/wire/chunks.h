#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/state/digest.h"

namespace consilium::fl {

/// What we cut files into: small enough that fifty transfers at a time stay small in memory, and that little is sent again after a broken connection.
inline constexpr std::uint32_t kChunkBytes = kDigestBlockBytes;
inline constexpr std::uint32_t kFewestChunkBytes = 64 << 10, kMostChunkBytes = 1 << 20;  ///< what is accepted from others
inline constexpr std::uint64_t kMostBytes = 1ULL << 36;                                  ///< of one file on the wire: 64 GiB

/// SHA-256, 32 bytes.
std::string sha256(std::string_view bytes);

/// A file as the hashes of its chunks; all but the last are chunk_bytes long.
struct ChunkList {
  std::uint64_t size_bytes = 0;
  std::vector<std::string> hashes;
  std::uint32_t chunk_bytes = kChunkBytes;

  /// Of chunk `index`.
  std::uint64_t offset(std::size_t index) const { return static_cast<std::uint64_t>(index) * chunk_bytes; }
  std::size_t length(std::size_t index) const;
  bool operator==(const ChunkList&) const = default;
};

ChunkList chunk_list(std::string_view bytes);
/// Of the model's file: encode_safetensors(state).
ChunkList chunk_list(const ModelState& state);
/// Names a file by its size and hashes. Of a model's: digest(state).
std::string digest_of(const ChunkList& list);
/// Chunk `index` of the bytes.
std::string_view chunk_of(std::string_view bytes, std::size_t index);

/// @throws Error{kCorruptData} more than `limit_bytes`, a chunk size out of range, a number of chunks that does not fit the size, a hash that is not 32 bytes long,
/// or one that stands for chunks of different lengths.
void validate(const ChunkList& list, std::uint64_t limit_bytes, const std::string& origin);

}  // namespace consilium::fl
