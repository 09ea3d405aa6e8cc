#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "fl/peers/message.h"

namespace consilium::fl {

/// One peer's letters: what it has to say is repeated until it is acknowledged, and who was heard of lately is known.
///
/// A message's identity is its kind, round, view, part and recipient; a later one of the same identity replaces the former.
class Postbox {
 public:
  /// Everybody counts as heard at `now`.
  Postbox(std::string own, std::vector<std::string> peers, double liveness_seconds, double now);

  const std::string& own() const { return own_; }
  const std::vector<std::string>& peers() const { return peers_; }
  double liveness_seconds() const { return liveness_seconds_; }

  /// Until acknowledged.
  void post(PeerMessage message, double now);
  void post_to_others(const PeerMessage& message, double now);
  /// Once.
  void post_once(PeerMessage message);
  /// Nothing that is older is repeated any more; `everything_before` compares round, then view.
  void forget_before(std::int64_t round, std::int64_t view);

  /// False when there is nothing in it for the peer's own logic: an acknowledgement, or a message of a stranger.
  bool take(const PeerMessage& message, double now);
  /// What is not acknowledged comes again.
  void acknowledge(const PeerMessage& message);
  bool is_live(const std::string& peer, double now) const;
  /// Repeats what is due, and tells the others that this peer is alive when it is time to.
  void tick(const PeerMessage& alive, double now);

  std::vector<PeerMessage> take_outgoing();

 private:
  using Key = std::tuple<std::string, PeerMessageKind, std::int64_t, std::int64_t, std::int64_t>;  // recipient, kind, round, view, part
  struct Waiting {
    PeerMessage message;
    double sent;
  };
  double repeat_seconds() const { return liveness_seconds_ / 8; }

  std::string own_;
  std::vector<std::string> peers_;
  double liveness_seconds_;
  std::map<std::string, double> heard_;
  std::map<Key, Waiting> waiting_;
  std::vector<PeerMessage> outgoing_;
  double told_ = -1e300;  ///< when the others were last told that this peer is alive
};

}  // namespace consilium::fl
