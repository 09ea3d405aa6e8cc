#pragma once

#include <optional>
#include <string>

#include "fl/peers/introductions.h"
#include "fl/transport/letter_box.h"

namespace consilium::fl {

/// Where pieces from others arrive, whichever way they came. Several threads may use it.
class PeerDesk {
 public:
  PeerDesk(std::string own, Introductions& introductions, LetterBox& box) : own_(std::move(own)), introductions_(introductions), box_(box) {}

  /// As LetterBox::take_head; nothing when there is no room. `sender` is proved: by its connection, or by its signature.
  /// @throws Error{kMismatch} another version, other settings, or not for this site; as LetterBox.
  std::optional<LetterBox::Missing> take(const std::string& sender, const pb::Piece& piece);

 private:
  const std::string own_;
  Introductions& introductions_;
  LetterBox& box_;
};

/// The piece by which a site says at first contact what its settings are.
pb::Piece hello_piece(const Introductions& introductions, const std::string& to);
/// A piece of a letter, without its content.
pb::Piece empty_piece(const SharedDigests& own, const std::string& to, const std::string& letter);

}  // namespace consilium::fl
