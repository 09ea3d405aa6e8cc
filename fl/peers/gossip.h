#pragma once

#include <algorithm>
#include <map>

#include "fl/peers/mixing.h"
#include "fl/peers/peer.h"

namespace consilium::fl {

/// Gossip: every peer has a model of its own, trains it, and mixes it with its neighbours': x_i <- sum_j W_ij y_j, y_j = x_j + delta_j.
///
/// Rounds are synchronous between neighbours: a peer mixes when each of them has sent its model of the round, is gone, or is late (deadline). The weight of one
/// who is missing falls back to this peer's own model, so the rest of the matrix stays doubly stochastic. Who finds itself two rounds behind takes a
/// neighbour's model and round. Every site counts alike, whatever its number of cases: that is what a doubly stochastic matrix means.
/// Sums run in float64 in the order of names. Source: D-PSGD, Lian et al. 2017 (arXiv:1705.09056), with a round of training in place of one gradient.
class GossipPeer : public Peer {
 public:
  GossipPeer(PeerSettings settings, std::string name, PeerRecord record, double now);

 protected:
  bool on_message(const PeerMessage& message, double now) override;
  void on_tick(double now) override;
  std::optional<PeerWork> next_work(double now) override;
  void on_trained(Update update, double now) override;

 private:
  struct Heard {
    SharedModel model;
    Update update;
  };

  /// Does a neighbour in that round need nothing of this one any more, and say nothing?
  bool is_behind(std::int64_t round) const { return std::min(round, settings_.rounds) > record_.run.round + 1; }
  void advance(double now);
  ModelState mixed() const;
  RoundReport report_of_round(double now) const;
  void open_round(std::int64_t round, ModelState model, double now);

  std::map<std::string, double> weights_;  ///< of this peer and of its neighbours
  std::map<std::int64_t, std::map<std::string, Heard>> heard_;  ///< round -> neighbour; of this round and the next
  std::map<std::string, std::int64_t> rounds_;  ///< in which the neighbours are; two on, they say nothing of this one any more
  std::int64_t started_;                        ///< the round in which this process started
  std::optional<Update> update_;
  SharedModel trained_;
  bool ready_to_train_ = true;
  double opened_;
};

}  // namespace consilium::fl
