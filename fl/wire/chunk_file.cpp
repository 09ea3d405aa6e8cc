#include "fl/wire/chunk_file.h"

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"

namespace consilium::fl {

FileChunks chunks_of_file(const fs::path& path) {
  FileChunks file{OpenFile(path, false), {}};
  file.list.size_bytes = file.file.size();
  file.list.hashes.resize((file.list.size_bytes + kChunkBytes - 1) / kChunkBytes);
  parallel_for(file.list.hashes.size(), 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) file.list.hashes[n] = sha256(file.chunk(n));
  });
  return file;
}

ChunkFile::ChunkFile(const fs::path& path, ChunkList list) : list_(std::move(list)), file_(path, true), is_there_(list_.hashes.size(), false) {
  for (std::size_t n = 0; n < list_.hashes.size(); ++n) places_[list_.hashes[n]].push_back(n);
  missing_ = list_.hashes.size();
  const std::uint64_t old_bytes = file_.size();
  for (std::size_t n = 0; n < list_.hashes.size() && list_.offset(n) < old_bytes; ++n) {
    if (sha256(file_.read(list_.offset(n), list_.length(n))) != list_.hashes[n]) continue;
    is_there_[n] = true;
    --missing_;
  }
  file_.reserve(list_.size_bytes);
}

std::vector<std::uint64_t> ChunkFile::missing() const {
  std::vector<std::uint64_t> indices;
  for (std::size_t n = 0; n < is_there_.size(); ++n)
    if (!is_there_[n] && (places_.at(list_.hashes[n]).front() == n || is_there_[places_.at(list_.hashes[n]).front()])) indices.push_back(n);
  return indices;
}

void ChunkFile::add(std::string_view hash, std::string_view data) {
  const auto place = places_.find(hash);
  require(place != places_.end(), ErrorCode::kCorruptData, "a chunk that was not announced");
  require(data.size() == list_.length(place->second.front()), ErrorCode::kCorruptData, "a chunk of " + std::to_string(data.size()) + " bytes: not the announced length");
  require(sha256(data) == hash, ErrorCode::kCorruptData, "a chunk whose bytes do not have the announced SHA-256");
  for (const std::size_t index : place->second) {
    if (is_there_[index]) continue;
    file_.write(list_.offset(index), data);
    is_there_[index] = true;
    --missing_;
  }
}

}  // namespace consilium::fl
