#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fl/wire/chunk_file.h"
#include "fl/wire/letter.h"

namespace consilium::fl {

struct LetterBoxOptions {
  std::filesystem::path folder;            ///< what is coming in, one folder per sender: NAME.head and NAME.body
  std::uint64_t most_bytes = 1ULL << 32;   ///< of one letter; one sender's may take twice as much of the disk
  std::size_t most_letters = 256;          ///< of one sender that nobody has read yet
};

/// Letters on their way in, put together from pieces on disk, over several connections and several lives of the process. Several threads may fill it; one reads.
class LetterBox {
 public:
  /// Takes up what lies in the folder. @throws Error{kCannotWrite}
  explicit LetterBox(LetterBoxOptions options);

  using Missing = std::vector<std::uint64_t>;
  /// The chunks that the letter lacks. Nothing when there is no room: the sender has to come again later. @throws Error{kCorruptData}
  std::optional<Missing> take_head(const std::string& sender, const std::string& name, const pb::Letter& letter);
  /// @throws Error{kNotFound} the head has not come, or is forgotten; Error{kCorruptData} as ChunkFile::add.
  void take_chunk(const std::string& sender, const std::string& name, const pb::Chunk& chunk);

  struct Received {
    std::uint64_t number = 0;
    PeerMessage message;  ///< whole, with its sender
  };
  /// Waits up to `seconds` for a letter that is whole. One that cannot be read is dropped, and told of by take_warnings.
  std::optional<Received> next(double seconds);
  void remove(std::uint64_t number);
  /// Its time has not come: it is given out again after retry().
  void put_back(std::uint64_t number);
  void retry();
  /// Ends a wait.
  void wake();
  std::vector<std::string> take_warnings();

 private:
  struct Entry {
    std::string sender, name;
    LetterHead head;
    std::unique_ptr<ChunkFile> body;  ///< null: a letter without content, which never touches the disk
    std::uint64_t number = 0;
    enum class State { kComing, kWhole, kRead, kPutBack } state = State::kComing;
  };
  std::filesystem::path head_file(const Entry& entry) const;
  std::filesystem::path body_file(const Entry& entry) const;
  void load();
  Entry* find(const std::string& sender, const std::string& name);
  bool make_room(const std::string& sender, const LetterHead& head);
  void erase(std::list<Entry>::iterator entry);
  void become_whole(Entry& entry);

  LetterBoxOptions options_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::list<Entry> entries_;  ///< oldest first
  std::uint64_t numbers_ = 0;
  bool woken_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace consilium::fl
