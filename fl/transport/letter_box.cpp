#include "fl/transport/letter_box.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/federation_settings.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostHeadBytes = 64 << 20;

bool is_same_slot(const PeerMessage& a, const PeerMessage& b) { return slot_of(a) == slot_of(b); }

}  // namespace

LetterBox::LetterBox(LetterBoxOptions options) : options_(std::move(options)) {
  make_folder(options_.folder);
  load();
}

fs::path LetterBox::head_file(const Entry& entry) const { return options_.folder / entry.sender / (to_hexadecimal(entry.name) + ".head"); }
fs::path LetterBox::body_file(const Entry& entry) const { return options_.folder / entry.sender / (to_hexadecimal(entry.name) + ".body"); }

void LetterBox::load() {
  std::vector<fs::path> heads;
  for (const auto& entry : fs::recursive_directory_iterator(options_.folder))
    if (entry.path().extension() == ".head") heads.push_back(entry.path());
  std::sort(heads.begin(), heads.end());
  for (const fs::path& file : heads) {
    pb::Piece piece;
    try {  // a file of our own that a power cut has damaged: the letter comes again
      require(piece.ParseFromString(read_file(file, kMostHeadBytes)) && piece.has_head(), ErrorCode::kCorruptData, file.string() + ": is no letter's head");
      take_head(file.parent_path().filename().string(), piece.letter(), piece.head());
    } catch (const Error& error) {
      warnings_.push_back(error.what());
      fs::remove(file);
      fs::remove(fs::path(file).replace_extension(".body"));
    }
  }
}

LetterBox::Entry* LetterBox::find(const std::string& sender, const std::string& name) {
  for (Entry& entry : entries_)
    if (entry.sender == sender && entry.name == name) return &entry;
  return nullptr;
}

bool LetterBox::make_room(const std::string& sender, const LetterHead& head) {
  // A later letter of a slot replaces one that has not come whole: its sender does not want it any more.
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    if (at->sender == sender && at->state == Entry::State::kComing && is_same_slot(at->head.message, head.message)) erase(at);
    at = next;
  }
  std::uint64_t bytes = head.content.size_bytes;
  std::size_t letters = 1;
  for (const Entry& entry : entries_)
    if (entry.sender == sender) {
      bytes += entry.head.content.size_bytes;
      ++letters;
    }
  for (auto at = entries_.begin(); at != entries_.end() && (bytes > 2 * options_.most_bytes || letters > options_.most_letters);) {
    const auto next = std::next(at);
    if (at->sender == sender && (at->state == Entry::State::kComing || at->state == Entry::State::kPutBack)) {
      bytes -= at->head.content.size_bytes;
      --letters;
      erase(at);
    }
    at = next;
  }
  return bytes <= 2 * options_.most_bytes && letters <= options_.most_letters;
}

void LetterBox::erase(std::list<Entry>::iterator entry) {
  if (entry->body) {
    fs::remove(head_file(*entry));
    fs::remove(body_file(*entry));
  }
  entries_.erase(entry);
}

std::optional<LetterBox::Missing> LetterBox::take_head(const std::string& sender, const std::string& name, const pb::Letter& letter) {
  validate_site_names({sender}, "sender");
  require(name.size() == 16, ErrorCode::kCorruptData, "letter: a name of " + std::to_string(name.size()) + " bytes");
  LetterHead head = from_message(letter, options_.most_bytes);
  const std::lock_guard lock(guard_);
  if (const Entry* known = find(sender, name)) return known->body ? known->body->missing() : Missing{};
  if (!make_room(sender, head)) return std::nullopt;
  Entry& entry = entries_.emplace_back();
  entry.sender = sender;
  entry.name = name;
  entry.number = ++numbers_;
  entry.head = std::move(head);
  entry.head.message.from = sender;
  if (!entry.head.content.hashes.empty()) {
    try {
      pb::Piece piece;
      piece.set_letter(name);
      *piece.mutable_head() = letter;
      write_file(head_file(entry), piece.SerializeAsString(), Durability::kKill);
      entry.body = std::make_unique<ChunkFile>(body_file(entry), entry.head.content);
    } catch (const Error&) {
      entries_.pop_back();
      throw;
    }
  }
  if (!entry.body || entry.body->is_complete()) become_whole(entry);
  return entry.body ? entry.body->missing() : Missing{};
}

void LetterBox::become_whole(Entry& entry) {
  entry.state = Entry::State::kWhole;
  changed_.notify_all();
}

void LetterBox::take_chunk(const std::string& sender, const std::string& name, const pb::Chunk& chunk) {
  const std::lock_guard lock(guard_);
  Entry* entry = find(sender, name);
  require(entry != nullptr, ErrorCode::kNotFound, "a chunk of a letter whose head has not come");
  if (!entry->body || entry->state != Entry::State::kComing) return;
  entry->body->add(chunk.sha256(), chunk.data());
  if (entry->body->is_complete()) become_whole(*entry);
}

std::optional<LetterBox::Received> LetterBox::next(double seconds) {
  std::unique_lock lock(guard_);
  const auto whole = [&] { return std::find_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.state == Entry::State::kWhole; }); };
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return woken_ || whole() != entries_.end(); });
  woken_ = false;
  const auto at = whole();
  if (at == entries_.end()) return std::nullopt;
  at->state = Entry::State::kRead;
  Received received{at->number, at->head.message};
  if (!at->body) return received;
  const LetterHead head = at->head;
  const fs::path file = body_file(*at);
  lock.unlock();  // nobody else removes what is being read
  try {
    const std::string sender = head.message.from;
    received.message = read_letter(head, OpenFile(file, false));
    received.message.from = sender;
    return received;
  } catch (const Error& error) {  // a letter that cannot be read is its sender's failure
    remove(received.number);
    lock.lock();
    warnings_.push_back("a letter of " + head.message.from + " cannot be read: " + error.what());
    return std::nullopt;
  }
}

void LetterBox::remove(std::uint64_t number) {
  const std::lock_guard lock(guard_);
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.number == number; });
  if (at != entries_.end()) erase(at);
}

void LetterBox::put_back(std::uint64_t number) {
  const std::lock_guard lock(guard_);
  for (Entry& entry : entries_)
    if (entry.number == number) entry.state = Entry::State::kPutBack;
}

void LetterBox::retry() {
  const std::lock_guard lock(guard_);
  for (Entry& entry : entries_)
    if (entry.state == Entry::State::kPutBack) entry.state = Entry::State::kWhole;
}

void LetterBox::wake() {
  const std::lock_guard lock(guard_);
  woken_ = true;
  changed_.notify_all();
}

std::vector<std::string> LetterBox::take_warnings() {
  const std::lock_guard lock(guard_);
  return std::exchange(warnings_, {});
}

}  // namespace consilium::fl
