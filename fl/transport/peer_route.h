#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "consilium/fl/v1/peer.pb.h"

namespace consilium::fl {

namespace pb = consilium::fl::v1;

/// What is written on the outside of a letter.
struct Envelope {
  std::string slot;    ///< slot_of
  std::string letter;  ///< letter_name
  std::uint32_t count = 1;
};

/// A call that failed for a reason that may pass: the caller tries again, or another way.
struct RouteBroken {
  std::string reason;
};

/// A way to another peer.
class PeerRoute {
 public:
  virtual ~PeerRoute() = default;
  /// Piece `index` of a letter: 0 is its head. For a head: the chunks of its content that have not come yet.
  /// @throws RouteBroken; Error{kRefused}, Error{kMismatch}, Error{kCorruptData} the other side does not want it.
  virtual std::vector<std::uint64_t> hand_over(const Envelope& envelope, const pb::Piece& piece, std::uint32_t index) = 0;
  /// Ends what is under way, and all that follows.
  virtual void close() = 0;
};

}  // namespace consilium::fl
