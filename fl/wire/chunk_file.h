#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fl/wire/chunks.h"

namespace consilium::fl {

/// An open file; closed with its scope. It can be read on after its name is gone.
class OpenFile {
 public:
  /// `write`: made if it is not there. @throws Error{kNotFound} or Error{kCannotWrite}
  OpenFile(const std::filesystem::path& path, bool write);
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::uint64_t size() const;
  /// Up to `count` bytes, fewer only at the end of the file. @throws Error{kCorruptData}
  std::string read(std::uint64_t offset, std::size_t count) const;
  /// @throws Error{kCannotWrite} saying when the disk is full.
  void write(std::uint64_t offset, std::string_view bytes) const;
  /// Takes the room for `bytes` bytes now, so that a full disk is noticed before a transfer and not in it. @throws Error{kCannotWrite}
  void reserve(std::uint64_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_;
};

/// A file on disk as it travels.
struct FileChunks {
  OpenFile file;
  ChunkList list;

  std::string chunk(std::size_t index) const { return file.read(list.offset(index), list.length(index)); }
};
/// Hashes a file. @throws as OpenFile.
FileChunks chunks_of_file(const std::filesystem::path& path);

/// A file that is put together on disk from its chunks, in any order, over several connections and several lives of the process: what
/// lies there already and has the right hash is not asked for again. Holds one chunk in memory at a time.
class ChunkFile {
 public:
  /// `list` must be valid. @throws Error{kCannotWrite}
  ChunkFile(const std::filesystem::path& path, ChunkList list);
  const ChunkList& list() const { return list_; }
  /// Chunks that are not there yet; of equal ones only the first.
  std::vector<std::uint64_t> missing() const;
  bool is_complete() const { return missing_ == 0; }
  /// @throws Error{kCorruptData} the data do not have this hash, or the list does not name it, or the chunk has another length; Error{kCannotWrite}
  void add(std::string_view hash, std::string_view data);

 private:
  ChunkList list_;
  OpenFile file_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> places_;  ///< by hash
  std::vector<bool> is_there_;
  std::size_t missing_ = 0;
};

}  // namespace consilium::fl
