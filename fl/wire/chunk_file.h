#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/open_file.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

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
