#include "fl/wire/chunks.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"

namespace consilium::fl {

std::string sha256(std::string_view bytes) {
  std::string hash(32, '\0');
  unsigned int size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), &size, EVP_sha256(), nullptr) == 1 && size == 32, ErrorCode::kUnexpected, "SHA-256 failed");
  return hash;
}

std::size_t ChunkList::length(std::size_t index) const { return static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, size_bytes - offset(index))); }

std::string_view chunk_of(std::string_view bytes, std::size_t index) { return bytes.substr(index * kChunkBytes, kChunkBytes); }

ChunkList chunk_list(std::string_view bytes) {
  ChunkList list{bytes.size(), std::vector<std::string>((bytes.size() + kChunkBytes - 1) / kChunkBytes)};
  parallel_for(list.hashes.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) list.hashes[n] = sha256(chunk_of(bytes, n));
  });
  return list;
}

ChunkList chunk_list(const ModelState& state) {
  BlockHashes blocks = block_hashes(state);
  return {blocks.size_bytes, std::move(blocks.hashes)};
}

std::string digest_of(const ChunkList& list) { return digest_of_blocks(list.size_bytes, list.chunk_bytes, list.hashes); }

void validate(const ChunkList& list, std::uint64_t limit_bytes, const std::string& origin) {
  require(list.chunk_bytes >= kFewestChunkBytes && list.chunk_bytes <= kMostChunkBytes, ErrorCode::kCorruptData, origin + ": chunks of " + std::to_string(list.chunk_bytes) + " bytes; 64 KiB to 1 MiB are spoken");
  require(list.size_bytes <= limit_bytes, ErrorCode::kCorruptData, origin + ": announces " + std::to_string(list.size_bytes) + " bytes, more than the " + std::to_string(limit_bytes) + " that are allowed");
  const std::uint64_t chunks = (list.size_bytes + list.chunk_bytes - 1) / list.chunk_bytes;
  require(list.hashes.size() == chunks, ErrorCode::kCorruptData, origin + ": " + std::to_string(list.size_bytes) + " bytes take " + std::to_string(chunks) + " chunks, not " + std::to_string(list.hashes.size()));
  for (const std::string& hash : list.hashes) require(hash.size() == 32, ErrorCode::kCorruptData, origin + ": a chunk's SHA-256 is " + std::to_string(hash.size()) + " bytes long");
  if (chunks > 1 && list.length(chunks - 1) != list.chunk_bytes)
    require(std::find(list.hashes.begin(), list.hashes.end() - 1, list.hashes.back()) == list.hashes.end() - 1, ErrorCode::kCorruptData, origin + ": one SHA-256 stands for chunks of different lengths");
}

}  // namespace consilium::fl
