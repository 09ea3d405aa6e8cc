#pragma once

#include "fl/peers/agreed_peer.h"

namespace consilium::fl {

/// All-reduce round a ring of the members' names (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002): FedAvg in which no peer holds all updates.
///
/// The model is cut into n segments, and member s adds up segment s. Reduce-scatter: in step k each member sends the segment of the member k places
/// ahead to it. All-gather: each member hands the finished segments on to the next, n - 1 times. Every member sends 2 (n - 1) / n times the model.
///
/// Order of summation: whoever adds a segment up has all n parts of it, unsummed, and adds them in float64 in the order of the sites' names (fed_avg). So the result is the
/// coordinator's FedAvg bit for bit, whoever leads and however the ring lies. The classic ring adds on the way instead: the same bytes only if partial
/// sums are rounded to float32 at every hop (docs/decisions).
///
/// The view's leader says who takes part (kForm). A member that falls silent voids the view; the ring is formed again without it.
class RingPeer : public AgreedPeer {
 public:
  using AgreedPeer::AgreedPeer;

 protected:
  void close(RoundReport report, std::vector<Update> updates, double now) override;
  void on_own_message(const PeerMessage& message, double now) override;
  void on_own_tick(double now) override;
  void on_view() override;
  bool sends_weights() const override { return false; }

 private:
  void form(RoundReport report, double now);
  void scatter(double now);
  void reduce(double now);
  void gather(std::size_t segment, const SharedModel& values, double now);

  std::optional<RoundReport> report_;  ///< of the ring that this view has formed
  std::vector<std::string> members_;
  std::size_t place_ = 0;                     ///< of this peer among the members
  std::map<std::string, Update> parts_;       ///< of this peer's segment, by site
  std::map<std::size_t, SharedModel> whole_;  ///< finished segments
  std::map<std::size_t, SharedModel> early_;  ///< that came before the ring was known
  bool scattered_ = false, reduced_ = false;
  double moved_ = 0;                          ///< when the last piece came
};

}  // namespace consilium::fl
