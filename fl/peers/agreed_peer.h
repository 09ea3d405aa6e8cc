#pragma once

#include <map>
#include <set>

#include "fl/peers/peer.h"

namespace consilium::fl {

/// A peer whose rounds end alike everywhere: what ring and swarm share.
///
/// Each round is one decision by the single-decree Paxos of Lamport ("Paxos made simple", 2001). A ballot is a view; who owns it is leader_of(round,
/// view), so view 0 needs no election. A kReady is the promise of the classic algorithm and carries the update along; a kProposal is its accept
/// request, and kAccepted goes to everybody, so that no leader is needed to learn the decision. A view is left for the next when its leader has
/// not been heard of for liveness_seconds, or when nothing comes of it; whoever hears of a later view follows. A new leader that learns of an
/// accepted outcome proposes that one again. So two peers never end a round differently, whatever is lost, repeated, delayed or killed,
/// and rounds go on while a quorum (more than half) is there.
class AgreedPeer : public Peer {
 public:
  AgreedPeer(PeerSettings settings, std::string name, PeerRecord record, double now);

  const std::string& history() const { return history_; }
  std::string leader() const { return leader_of(settings_.peers, record_.run.round, record_.view); }

 protected:
  PeerMessage alive() const override;
  bool on_message(const PeerMessage& message, double now) override;
  void on_tick(double now) override;
  std::optional<PeerWork> next_work(double now) override;
  void on_trained(Update update, double now) override;

  /// This peer leads, and the round can be closed: `report` says who takes part and lacks the result, `updates` are those of who does.
  virtual void close(RoundReport report, std::vector<Update> updates, double now) = 0;
  virtual void on_own_message(const PeerMessage&, double) {}
  virtual void on_own_tick(double) {}
  /// A new view or round: what belonged to the old one is void.
  virtual void on_view() {}
  /// Does a kReady hold the weights?
  virtual bool sends_weights() const = 0;

  /// To everybody, and accepted here.
  void propose(Outcome outcome, double now);
  void accept(Outcome outcome, double now);
  void next_view(std::int64_t view, const std::string& why, double now);
  const std::optional<Update>& own_update() const { return update_; }
  bool has_proposed() const { return proposed_; }
  /// The round cannot be closed with this site's weights; the leader hears of it in the next view.
  void blame(const std::string& site, const std::string& why) { blamed_[site] = why; }

 private:
  struct Ready {
    std::optional<Update> update;  ///< with its delta if sends_weights()
    std::map<std::string, std::string> blamed;
    std::int64_t accepted_view = -1;
    std::optional<Outcome> accepted;
  };

  bool is_with_us(const std::string& peer, double now) const { return post_.is_live(peer, now) && !others_.contains(peer); }
  void send_ready(double now);
  void take_ready(const PeerMessage& message, double now);
  void take_proposal(const PeerMessage& message, double now);
  void lead(double now);
  RoundReport make_report(const std::map<std::string, std::string>& blamed, double now) const;
  void decide(double now);
  void open_round(double now);
  void answer(const PeerMessage& ask);
  void catch_up(const PeerMessage& state, double now);

  std::map<std::string, Ready> ready_;
  std::optional<Update> update_;                ///< of this round
  std::map<std::string, std::string> blamed_;   ///< in this round
  std::map<std::string, std::pair<std::int64_t, std::string>> votes_;  ///< peer -> view and outcome that it accepted last
  std::string accepted_digest_, history_;
  std::string last_outcome_;                    ///< of the round before; empty if this peer did not see it decided
  std::set<std::string> others_;                ///< peers of another history
  bool proposed_ = false, ready_to_train_ = true;
  double round_opened_, view_opened_, asked_ = -1e300;
};

}  // namespace consilium::fl
