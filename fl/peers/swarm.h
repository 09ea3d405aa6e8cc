#pragma once

#include "fl/peers/agreed_peer.h"

namespace consilium::fl {

/// Swarm: in each round another peer leads; it gets everybody's update, aggregates by the settings' rule as a coordinator would, and proposes the result.
///
/// Nobody's absence ends anything: the round is closed when every peer that is alive has answered, or at the deadline, with a quorum of updates. Who comes too late
/// takes part in the next round as LateUpdates says. What it costs: n - 1 updates to the leader and n - 1 models back, as with a coordinator.
class SwarmPeer : public AgreedPeer {
 public:
  using AgreedPeer::AgreedPeer;

 protected:
  void close(RoundReport report, std::vector<Update> updates, double now) override;
  bool sends_weights() const override { return true; }
};

}  // namespace consilium::fl
