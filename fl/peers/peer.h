#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fl/peers/message.h"
#include "fl/peers/outcome.h"
#include "fl/peers/peer_settings.h"
#include "fl/peers/postbox.h"

namespace consilium::fl {

/// Everything that outlives a restart of a peer. It is on disk before a message leaves that was written after it changed.
struct PeerRecord {
  RunState run;                     ///< gossip: this peer's own model; cyclic: `round` is the turn
  ModelState best;                  ///< what run.best_round trainings came to
  std::int64_t view = 0;            ///< ring, swarm: nothing of an earlier view of this round is accepted any more
  std::int64_t accepted_view = -1;  ///< below 0: nothing was accepted in this round
  Outcome accepted{};

  bool operator==(const PeerRecord&) const = default;
};

/// What a peer is to train now; `global` lives until the next call of the peer.
struct PeerWork {
  RoundPlan plan;
  const ModelState* base = nullptr;
};

/// One of several equals, as a state machine without socket, clock or thread. Time is an argument, in seconds of any steady clock of this peer's own.
class Peer {
 public:
  Peer(PeerSettings settings, std::string name, PeerRecord record, double now);
  virtual ~Peer() = default;
  Peer(const Peer&) = delete;

  const std::string& name() const { return post_.own(); }
  const PeerSettings& settings() const { return settings_; }
  const PeerRecord& record() const { return record_; }
  /// Rises with every change of record().
  std::uint64_t version() const { return version_; }
  bool is_finished() const { return record_.run.round >= end_; }

  /// Messages of strangers, of other rounds, and repetitions change nothing. False: this peer is not there yet, and the message has to come again.
  bool receive(const PeerMessage& message, double now);
  /// To be called at least every liveness_seconds / 8.
  void tick(double now);
  /// Asked after each call; the trainer's answer comes by trained(), whenever it is ready. Nothing while that is awaited.
  std::optional<PeerWork> work(double now);
  void trained(Update update, double now);

  std::vector<PeerMessage> take_outgoing() { return post_.take_outgoing(); }
  /// What a person should know, one line each; what begins with '!' is a warning.
  std::vector<std::string> take_events() { return std::exchange(events_, {}); }
  bool is_live(const std::string& peer, double now) const { return post_.is_live(peer, now); }

 protected:
  virtual PeerMessage alive() const;
  /// False: this peer is not there yet, and the message has to come again.
  virtual bool on_message(const PeerMessage& message, double now) = 0;
  virtual void on_tick(double now) = 0;
  virtual std::optional<PeerWork> next_work(double now) = 0;
  virtual void on_trained(Update update, double now) = 0;

  void changed() { ++version_; }
  void tell(std::string line) { events_.push_back(std::move(line)); }
  RoundPlan plan(std::int64_t round) const { return {round, settings_.rounds, global_digest_, settings_.task}; }

  PeerSettings settings_;
  PeerRecord record_;
  Postbox post_;
  std::int64_t end_;           ///< the round in which it is finished
  std::string global_digest_;  ///< of record_.run.global

 private:
  std::uint64_t version_ = 0;
  bool training_ = false;
  std::vector<std::string> events_;
};

/// As the settings' topology says.
std::unique_ptr<Peer> make_peer(const PeerSettings& settings, const std::string& name, const ModelState& initial, double now);
/// A peer that was killed goes on with what it has on disk: at most the training of the open round is repeated.
std::unique_ptr<Peer> resume_peer(const PeerSettings& settings, const std::string& name, PeerRecord record, double now);

}  // namespace consilium::fl
