#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/settings.h"
#include "fl/aggregate/aggregation.h"
#include "fl/round.h"
#include "fl/round_policy.h"

namespace consilium::fl {

/// Who speaks to whom in a federation.
enum class Topology { kCoordinator, kRing, kGossip, kSwarm, kCyclic };
std::string_view to_string(Topology topology);
const std::vector<std::pair<std::string, Topology>>& topology_words();

/// A federation of equals: the same settings at every one of them.
struct PeerSettings {
  Topology topology = Topology::kSwarm;
  std::vector<std::string> peers{};   ///< names in their certificates; sorted by the constructor of a peer
  std::int64_t rounds = 10;           ///< cyclic: passes
  std::int64_t quorum = 0;            ///< ring, swarm: updates without which a round is not closed; more than half of the peers (0: just that)
  double deadline_seconds = 3600;     ///< ring, swarm: after the round's start, for those who are alive but still train
  double liveness_seconds = 30;       ///< the only time-out: who is silent for so long is gone, until he is heard again
  LateUpdates late = LateUpdates::kMerge;  ///< ring, swarm; merged is what is one round late, not more
  AggregationSettings aggregation{};  ///< swarm: any rule; ring: fedavg
  std::vector<std::pair<std::string, std::string>> links{};  ///< gossip: who talks to whom; empty: every name to the next, in a ring
  std::string task = "{}";            ///< JSON handed to every trainer

  bool operator==(const PeerSettings&) const = default;
};

Json to_json(const PeerSettings& settings);
/// @throws Error{kUsage} naming the field below `path`.
void validate(const PeerSettings& settings, const std::string& path = "federation");
std::int64_t quorum_of(const PeerSettings& settings);

/// Who leads: the peers in the order of SHA-256("round/name"), one view after the other. No vote is needed, and nobody leads more often than others.
std::string leader_of(const std::vector<std::string>& peers, std::int64_t round, std::int64_t view);

}  // namespace consilium::fl
