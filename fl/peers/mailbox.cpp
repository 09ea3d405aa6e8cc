#include "fl/peers/mailbox.h"

#include <chrono>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "fl/federation_settings.h"

namespace consilium::fl {
namespace {

constexpr std::uint64_t kMostPieceBytes = 8 << 20;

/// NUMBER-LETTER-INDEX-COUNT-EXPIRES-SLOT: all that has to be known of a piece without opening it.
std::string file_name(std::uint64_t number, const PostedPiece& piece) {
  std::ostringstream name;
  name << number << '-' << piece.letter << '-' << piece.index << '-' << piece.count << '-' << piece.expires << '-' << piece.slot;
  return name.str();
}

std::optional<std::uint64_t> parse_file_name(const std::string& name, PostedPiece& piece) {
  std::istringstream text(name);
  std::uint64_t number = 0;
  char dash = 0;
  std::string rest;
  if (!(text >> number >> dash) || !std::getline(text, piece.letter, '-')) return std::nullopt;
  if (!(text >> piece.index >> dash >> piece.count >> dash >> piece.expires >> dash >> piece.slot)) return std::nullopt;
  return number;
}

}  // namespace

Mailbox::Mailbox(MailboxOptions options) : options_(std::move(options)) {
  make_folder(options_.folder);
  load();
}

fs::path Mailbox::file_of(std::uint64_t number, const PostedPiece& piece) const { return options_.folder / piece.to / piece.from / file_name(number, piece); }

void Mailbox::load() {
  for (const auto& entry : fs::recursive_directory_iterator(options_.folder)) {
    if (!entry.is_regular_file()) continue;
    PostedPiece piece;
    piece.from = entry.path().parent_path().filename().string();
    piece.to = entry.path().parent_path().parent_path().filename().string();
    const auto number = parse_file_name(entry.path().filename().string(), piece);
    if (number) add(*number, piece, entry.file_size());
    else fs::remove(entry.path());  // a piece that was being written when the relay was killed
    numbers_ = std::max(numbers_, number.value_or(0));
  }
}

void Mailbox::add(std::uint64_t number, const PostedPiece& piece, std::uint64_t bytes) {
  shelves_[piece.to].emplace(number, Entry{piece, bytes});
  used_[piece.from].bytes += bytes;
  ++used_[piece.from].pieces;
}

Mailbox::Shelf::iterator Mailbox::erase(Shelf& shelf, Shelf::iterator at) {
  Usage& usage = used_[at->second.piece.from];
  usage.bytes -= at->second.bytes;
  --usage.pieces;
  std::error_code ignored;
  fs::remove(file_of(at->first, at->second.piece), ignored);
  return shelf.erase(at);
}

std::optional<Mailbox::Missing> Mailbox::put(const PostedPiece& piece, std::string_view sealed) {
  validate_site_names({piece.from, piece.to}, "relay");
  const std::lock_guard lock(guard_);
  Shelf& shelf = shelves_[piece.to];
  std::set<std::uint32_t> here;
  for (auto at = shelf.begin(); at != shelf.end();) {
    const PostedPiece& other = at->second.piece;
    const bool is_replaced = piece.index == 0 && other.from == piece.from && other.slot == piece.slot && other.letter != piece.letter;
    if (other.from == piece.from && other.letter == piece.letter) here.insert(other.index);
    at = is_replaced ? erase(shelf, at) : std::next(at);
  }
  Missing missing;
  if (piece.index == 0)
    for (std::uint32_t index = 1; index < piece.count; ++index)
      if (!here.contains(index)) missing.push_back(index - 1);
  if (here.contains(piece.index)) return missing;
  const Usage& usage = used_[piece.from];
  if (usage.bytes + sealed.size() > options_.quota_bytes || usage.pieces >= options_.most_pieces) return std::nullopt;
  const std::uint64_t number = ++numbers_;
  write_file(file_of(number, piece), sealed, Durability::kKill);
  add(number, piece, sealed.size());
  changed_.notify_all();
  return missing;
}

std::optional<Mailbox::Kept> Mailbox::next(const std::string& recipient, std::uint64_t number, double seconds) {
  std::unique_lock lock(guard_);
  Shelf& shelf = shelves_[recipient];  // stays where it is: nothing is ever taken out of the map
  if (shelf.upper_bound(number) == shelf.end()) changed_.wait_for(lock, std::chrono::duration<double>(seconds));
  const auto at = shelf.upper_bound(number);
  if (at == shelf.end()) return std::nullopt;
  return Kept{at->first, read_file(file_of(at->first, at->second.piece), kMostPieceBytes)};
}

void Mailbox::remove(const std::string& recipient, std::uint64_t number) {
  const std::lock_guard lock(guard_);
  Shelf& shelf = shelves_[recipient];
  if (const auto at = shelf.find(number); at != shelf.end()) erase(shelf, at);
}

void Mailbox::expire(std::int64_t now) {
  const std::lock_guard lock(guard_);
  for (auto& [recipient, shelf] : shelves_)
    for (auto at = shelf.begin(); at != shelf.end();) at = at->second.piece.expires < now ? erase(shelf, at) : std::next(at);
}

void Mailbox::wake() { changed_.notify_all(); }

std::uint64_t Mailbox::bytes_of(const std::string& sender) const {
  const std::lock_guard lock(guard_);
  const auto at = used_.find(sender);
  return at == used_.end() ? 0 : at->second.bytes;
}

}  // namespace consilium::fl
