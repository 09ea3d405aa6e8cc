#include "fl/transport/peer_desk.h"

#include "base/error.h"

namespace consilium::fl {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr int kMostKeys = 64;
constexpr std::size_t kMostKeyBytes = 64;

}  // namespace

std::optional<LetterBox::Missing> PeerDesk::take(const std::string& sender, const pb::Piece& piece) {
  require(piece.protocol_version() == kVersion, ErrorCode::kMismatch, "protocol version " + std::to_string(piece.protocol_version()) + " is not spoken here, only 1");
  require(piece.to() == own_, ErrorCode::kCorruptData, "a letter for somebody else came to \"" + own_ + "\"");
  if (piece.has_hello()) {
    require(piece.hello().settings_size() <= kMostKeys, ErrorCode::kCorruptData, "hello: of " + std::to_string(piece.hello().settings_size()) + " settings");
    for (const auto& [key, digest] : piece.hello().settings()) require(key.size() <= kMostKeyBytes && digest.size() <= kMostKeyBytes, ErrorCode::kCorruptData, "hello: a key or digest that is too long");
    introductions_.note(sender, {piece.hello().settings().begin(), piece.hello().settings().end()}, piece.hello().wants_answer());
    return LetterBox::Missing{};
  }
  require(piece.federation() == introductions_.own().federation, ErrorCode::kMismatch, "\"" + sender + "\" has other settings than \"" + own_ + "\"");
  if (piece.has_head()) return box_.take_head(sender, piece.letter(), piece.head());
  require(piece.has_chunk(), ErrorCode::kCorruptData, "a piece with nothing in it");
  box_.take_chunk(sender, piece.letter(), piece.chunk());
  return LetterBox::Missing{};
}

pb::Piece empty_piece(const SharedDigests& own, const std::string& to, const std::string& letter) {
  pb::Piece piece;
  piece.set_protocol_version(kVersion);
  piece.set_federation(own.federation);
  piece.set_to(to);
  piece.set_letter(letter);
  return piece;
}

pb::Piece hello_piece(const Introductions& introductions, const std::string& to) {
  const SharedDigests& own = introductions.own();
  pb::Piece piece = empty_piece(own, to, sha256(own.federation + to).substr(0, 16));
  piece.mutable_hello()->set_wants_answer(!introductions.has_met(to));
  for (const auto& [key, digest] : own.by_key) (*piece.mutable_hello()->mutable_settings())[key] = digest;
  return piece;
}

}  // namespace consilium::fl
