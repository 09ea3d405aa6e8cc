#include "fl/wire/chunks.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"

namespace consilium::fl {

std::string sha256(std::string_view bytes) {
  std::string hash(32, '\0');
  unsigned int size = 0;
  require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), &size, EVP_sha256(), nullptr) == 1 && size == 32, ErrorCode::kUnexpected, "SHA-256 failed");
  return hash;
}

std::string_view chunk_of(std::string_view bytes, std::size_t index) { return bytes.substr(index * kChunkBytes, kChunkBytes); }

ChunkList chunk_list(std::string_view bytes) {
  ChunkList list{bytes.size(), {}};
  for (std::size_t at = 0; at < bytes.size(); at += kChunkBytes) list.hashes.push_back(sha256(bytes.substr(at, kChunkBytes)));
  return list;
}

void validate(const ChunkList& list, std::uint64_t limit_bytes, const std::string& origin) {
  require(list.size_bytes <= limit_bytes, ErrorCode::kCorruptData, origin + ": announces " + std::to_string(list.size_bytes) + " bytes, more than the " + std::to_string(limit_bytes) + " that are allowed");
  const std::uint64_t chunks = (list.size_bytes + kChunkBytes - 1) / kChunkBytes;
  require(list.hashes.size() == chunks, ErrorCode::kCorruptData, origin + ": " + std::to_string(list.size_bytes) + " bytes take " + std::to_string(chunks) + " chunks, not " + std::to_string(list.hashes.size()));
  for (const std::string& hash : list.hashes) require(hash.size() == 32, ErrorCode::kCorruptData, origin + ": a chunk's SHA-256 is " + std::to_string(hash.size()) + " bytes long");
}

std::size_t ChunkCollector::expected_size(std::size_t index) const { return static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, list_.size_bytes - index * kChunkBytes)); }

std::vector<std::uint64_t> ChunkCollector::missing() const {
  std::vector<std::uint64_t> indices;
  for (std::size_t n = 0; n < list_.hashes.size(); ++n)
    if (!chunks_.contains(list_.hashes[n])) indices.push_back(n);
  return indices;
}

void ChunkCollector::add(std::string_view hash, std::string data) {
  const auto place = std::find(list_.hashes.begin(), list_.hashes.end(), hash);
  require(place != list_.hashes.end(), ErrorCode::kCorruptData, "a chunk that was not announced");
  require(data.size() == expected_size(static_cast<std::size_t>(place - list_.hashes.begin())), ErrorCode::kCorruptData, "a chunk of " + std::to_string(data.size()) + " bytes: not the announced length");
  require(sha256(data) == hash, ErrorCode::kCorruptData, "a chunk whose bytes do not have the announced SHA-256");
  chunks_.emplace(std::string(hash), std::move(data));
}

std::string ChunkCollector::assemble() const {
  std::string bytes;
  for (const std::string& hash : list_.hashes) {
    const auto found = chunks_.find(hash);
    require(found != chunks_.end(), ErrorCode::kMismatch, "chunks are missing");
    bytes += found->second;
  }
  // One hash named twice can stand for a full chunk and for the last, shorter one: only one of them is kept.
  require(bytes.size() == list_.size_bytes, ErrorCode::kCorruptData, "the chunks give " + std::to_string(bytes.size()) + " bytes, " + std::to_string(list_.size_bytes) + " were announced");
  return bytes;
}

}  // namespace consilium::fl
