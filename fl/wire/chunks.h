#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace consilium::fl {

inline constexpr std::size_t kChunkBytes = 1 << 20;
inline constexpr std::uint64_t kMostBytes = 1ULL << 36;  ///< of one file on the wire: 64 GiB

/// SHA-256, 32 bytes.
std::string sha256(std::string_view bytes);

/// A file as the hashes of its chunks; all but the last are kChunkBytes long.
struct ChunkList {
  std::uint64_t size_bytes = 0;
  std::vector<std::string> hashes;

  bool operator==(const ChunkList&) const = default;
};

ChunkList chunk_list(std::string_view bytes);
/// Chunk `index` of the bytes.
std::string_view chunk_of(std::string_view bytes, std::size_t index);

/// @throws Error{kCorruptData} more than `limit_bytes`, a number of chunks that does not fit the size, or a hash that is not 32 bytes long.
void validate(const ChunkList& list, std::uint64_t limit_bytes, const std::string& origin);

/// Collects the chunks of one list, in any order, over several connections.
class ChunkCollector {
 public:
  explicit ChunkCollector(ChunkList list) : list_(std::move(list)) {}
  const ChunkList& list() const { return list_; }
  std::vector<std::uint64_t> missing() const;
  /// @throws Error{kCorruptData} the data do not have this hash, or the list does not name it, or the chunk has another length.
  void add(std::string_view hash, std::string data);
  bool is_complete() const { return missing().empty(); }
  /// @throws Error{kMismatch} not complete; Error{kCorruptData} the announced size and hashes contradict each other.
  std::string assemble() const;

 private:
  std::size_t expected_size(std::size_t index) const;
  ChunkList list_;
  std::map<std::string, std::string, std::less<>> chunks_;
};

}  // namespace consilium::fl
