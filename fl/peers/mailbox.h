#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace consilium::fl {

struct MailboxOptions {
  std::filesystem::path folder;                ///< TO/FROM/..., one file per piece
  std::uint64_t quota_bytes = 4ULL << 30;      ///< of the disk, for what one sender has posted and nobody has taken
  std::size_t most_pieces = 100000;            ///< of one sender: what is held of each in memory is some 200 bytes
};

/// A sealed piece of a letter, as a relay sees it.
struct PostedPiece {
  std::string from, to;
  std::string slot;         ///< hexadecimal; a later letter of the same sender, recipient and slot replaces this one
  std::string letter;       ///< hexadecimal
  std::uint32_t index = 0;  ///< 0: the head
  std::uint32_t count = 1;
  std::int64_t expires = 0; ///< seconds since 1970
};

/// What a relay keeps for sites that have not taken it yet: on disk, so that it outlives the process, and bounded per sender. Several threads may use it.
class Mailbox {
 public:
  /// Takes up what lies in the folder. @throws Error{kCannotWrite}
  explicit Mailbox(MailboxOptions options);

  using Missing = std::vector<std::uint64_t>;
  /// The chunks of the letter that are not here, if the piece is its head. Nothing when the sender's quota is used up. @throws Error{kCannotWrite}
  std::optional<Missing> put(const PostedPiece& piece, std::string_view sealed);

  struct Kept {
    std::uint64_t number;
    std::string sealed;
  };
  /// The oldest piece for that recipient beyond `number`; waits up to `seconds` for one.
  std::optional<Kept> next(const std::string& recipient, std::uint64_t number, double seconds);
  void remove(const std::string& recipient, std::uint64_t number);
  /// What nobody wants any more goes. `now`: seconds since 1970.
  void expire(std::int64_t now);
  void wake();
  std::uint64_t bytes_of(const std::string& sender) const;

 private:
  struct Entry {
    PostedPiece piece;
    std::uint64_t bytes = 0;
  };
  using Shelf = std::map<std::uint64_t, Entry>;  ///< by number
  std::filesystem::path file_of(std::uint64_t number, const PostedPiece& piece) const;
  void load();
  Shelf::iterator erase(Shelf& shelf, Shelf::iterator at);
  void add(std::uint64_t number, const PostedPiece& piece, std::uint64_t bytes);

  MailboxOptions options_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  std::map<std::string, Shelf> shelves_;  ///< by recipient
  struct Usage {
    std::uint64_t bytes = 0;
    std::size_t pieces = 0;
  };
  std::map<std::string, Usage> used_;  ///< by sender
  std::uint64_t numbers_ = 0;
};

}  // namespace consilium::fl
