#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fl/round.h"
#include "fl/update.h"

namespace consilium::fl {

/// Everything that peers without a coordinator say to one another. Which fields a kind uses: docs/peers.md.
enum class PeerMessageKind {
  kAlive,     ///< I am here, in this round and view, with this history
  kAck,       ///< the message of that kind, round, view and part has come
  kReady,     ///< to the view's leader: what I have accepted before, and my update once it is trained
  kForm,      ///< ring: who takes part
  kPiece,     ///< ring: one segment, on its way to the one who adds it up (part < number of members) or round the ring (part beyond)
  kProposal,  ///< this is how the round ends
  kAccepted,  ///< I have that end on disk
  kAsk,       ///< I am behind
  kState,     ///< what you missed
  kModel,     ///< gossip: my trained weights
  kToken,     ///< cyclic: it is your turn
};
std::string_view to_string(PeerMessageKind kind);

/// One model in memory, however many peers it is on its way to.
using SharedModel = std::shared_ptr<const ModelState>;

struct PeerMessage {
  PeerMessageKind kind = PeerMessageKind::kAlive;
  std::string from{}, to{};
  std::int64_t round = 0;  ///< cyclic: the turn
  std::int64_t view = 0;
  std::int64_t part = 0;
  PeerMessageKind acked = PeerMessageKind::kAlive;  ///< kAck only
  std::string digest{};                             ///< of a history or an outcome
  std::int64_t accepted_view = -1;                  ///< kReady: of `reports` and `weights`, below 0 where nothing was accepted
  std::map<std::string, std::string> blamed{};      ///< kReady: site -> why its weights cannot be used
  std::optional<Update> update{};                   ///< without `delta`, which travels as `delta` below
  std::vector<RoundReport> reports{};
  SharedModel delta{};                              ///< kReady of a swarm, kPiece
  std::vector<SharedModel> weights{};               ///< models as the kind demands; a missing one is null
};

/// Bytes of the values that the message carries: what costs time on a slow link.
std::uint64_t weight_bytes(const PeerMessage& message);

}  // namespace consilium::fl
