#pragma once

#include <map>

#include "fl/peers/peer.h"

namespace consilium::fl {

/// Cyclic weight transfer: one model goes from site to site in the order of names, `rounds` times round, and each trains it where it stands (incremental
/// institutional learning; Chang et al. 2018, doi:10.1093/jamia/ocy017). After the last pass comes one in which each site only looks at the result.
///
/// Turn t is site t mod n's. The peer that is furthest, of those that are heard of, answers for the model: it trains if it holds it, else hands it
/// to the next site that is alive. A site that is gone is skipped, and the report says so; only a peer that hears
/// more than half of the peers, itself among them, skips anybody. So two models can be under way only while the network is cut, and only one of them gets on; where
/// they meet, the other is dropped. Whoever was killed goes on with what it held.
class CyclicPeer : public Peer {
 public:
  CyclicPeer(PeerSettings settings, std::string name, PeerRecord record, double now);

 protected:
  PeerMessage alive() const override;
  bool on_message(const PeerMessage& message, double now) override;
  void on_tick(double now) override;
  std::optional<PeerWork> next_work(double now) override;
  void on_trained(Update update, double now) override;

 private:
  bool holds() const { return record_.view == 1; }
  std::int64_t progress() const { return 2 * record_.run.round + record_.view; }
  const std::string& site_of(std::int64_t turn) const { return settings_.peers[static_cast<std::size_t>(turn) % settings_.peers.size()]; }
  RoundPlan plan_of(std::int64_t turn) const { return plan(turn / static_cast<std::int64_t>(settings_.peers.size())); }
  bool is_furthest(double now) const;
  void pass_on(double now);
  void take(std::int64_t turn, std::vector<RoundReport> reports, ModelState model);
  /// Writes what became of a turn into the report of its pass.
  void note(std::vector<RoundReport>& reports, std::int64_t turn, SiteOutcome outcome, const std::string& before, const std::string& after) const;

  std::map<std::string, std::int64_t> progress_;  ///< of the others, as they said since this peer started
  std::pair<std::int64_t, std::string> sent_{-1, ""};
};

}  // namespace consilium::fl
