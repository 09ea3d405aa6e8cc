#pragma once

#include <string>
#include <vector>

#include "base/open_file.h"
#include "consilium/fl/v1/peer.pb.h"
#include "fl/peers/message.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

namespace pb = consilium::fl::v1;

/// What a peer's message carries beside its head: reports and models, one after the other.
struct LetterBody {
  std::string bytes;
  ChunkList list;
  std::vector<pb::Section> sections;
};
LetterBody encode_body(const PeerMessage& message);

/// A message whose body has not been read.
struct LetterHead {
  PeerMessage message;  ///< without sender, recipient, reports and models
  ChunkList content;
  std::vector<pb::Section> sections;
};

pb::Letter to_message(const PeerMessage& message, const LetterBody& body);
/// Checked before use: lengths, counts and ranges. `limit_bytes` bounds the body. @throws Error{kCorruptData} naming the field.
LetterHead from_message(const pb::Letter& message, std::uint64_t limit_bytes);
/// The whole message, its body read from a file that has the head's content. @throws Error{kCorruptData}
PeerMessage read_letter(const LetterHead& head, const OpenFile& body);

/// What the letter is called on its way: the same letter has the same name, so that one that broke off is gone on with.
std::string letter_name(const std::string& from, const std::string& to, const pb::Letter& head);
/// Two letters of one slot: the later is all that matters.
std::string slot_of(const PeerMessage& message);

}  // namespace consilium::fl
