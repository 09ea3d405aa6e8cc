#include "fl/peers/peer_settings.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "fl/federation_settings.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

const std::vector<std::pair<std::string, Topology>>& topology_words() {
  static const std::vector<std::pair<std::string, Topology>> words{
      {"coordinator", Topology::kCoordinator}, {"ring", Topology::kRing}, {"gossip", Topology::kGossip}, {"swarm", Topology::kSwarm}, {"cyclic", Topology::kCyclic}};
  return words;
}

std::string_view to_string(Topology topology) {
  for (const auto& [word, value] : topology_words())
    if (value == topology) return word;
  return "coordinator";
}

void validate(const PeerSettings& s, const std::string& path) {
  const auto peers = static_cast<std::int64_t>(s.peers.size());
  const bool agrees = s.topology == Topology::kRing || s.topology == Topology::kSwarm;
  require(s.topology != Topology::kCoordinator, ErrorCode::kUsage, path + ".topology: peers have no coordinator");
  validate_site_names(s.peers, path + ".peers");
  require(peers >= 2 && peers <= 1000, ErrorCode::kUsage, path + ".peers: expected 2 to 1000 names, found " + std::to_string(peers));
  require(s.rounds >= 1 && s.rounds <= 1000000, ErrorCode::kUsage, path + ".rounds: expected 1 to 1000000, found " + std::to_string(s.rounds));
  // Two quorums must share a peer, or a federation that is cut in two would go on as two.
  require(s.quorum == 0 || (2 * s.quorum > peers && s.quorum <= peers), ErrorCode::kUsage, path + ".quorum: expected 0, or more than half of the " + std::to_string(peers) + " peers, found " + std::to_string(s.quorum));
  require(std::isfinite(s.deadline_seconds) && s.deadline_seconds > 0, ErrorCode::kUsage, path + ".deadline_seconds: expected a number above 0");
  require(std::isfinite(s.liveness_seconds) && s.liveness_seconds > 0, ErrorCode::kUsage, path + ".liveness_seconds: expected a number above 0");
  require(s.topology == Topology::kSwarm || s.aggregation == AggregationSettings{}, ErrorCode::kUsage, path + ".aggregation: topology " + std::string(to_string(s.topology)) + " has no rule but fedavg");
  require(s.aggregation.rule != AggregationRule::kFoolsGold, ErrorCode::kUsage, path + ".aggregation.rule: foolsgold needs a coordinator, who remembers what each site has sent");
  require_comparable(s.aggregation, s.peers, quorum_of(s), s.late == LateUpdates::kMerge, path);
  require(agrees || s.quorum == 0, ErrorCode::kUsage, path + ".quorum: topology " + std::string(to_string(s.topology)) + " closes no rounds together");
  require(s.links.empty() || s.topology == Topology::kGossip, ErrorCode::kUsage, path + ".links: only gossip has links");
  for (const auto& [a, b] : s.links)
    for (const std::string& name : {a, b})
      require(a != b && std::find(s.peers.begin(), s.peers.end(), name) != s.peers.end(), ErrorCode::kUsage, path + ".links: \"" + a + "\" to \"" + b + "\" is no link between two of the peers");
}

Json to_json(const PeerSettings& s) {
  return {{"topology", to_string(s.topology)}, {"peers", s.peers}, {"rounds", s.rounds}, {"quorum", s.quorum}, {"deadline_seconds", s.deadline_seconds}, {"liveness_seconds", s.liveness_seconds},
          {"late", s.late == LateUpdates::kMerge ? "merge" : "refuse"}, {"aggregation", to_json(s.aggregation)}, {"links", s.links}, {"task", parse_json(s.task, "task")}};
}

std::int64_t quorum_of(const PeerSettings& s) { return s.quorum > 0 ? s.quorum : static_cast<std::int64_t>(s.peers.size() / 2 + 1); }

std::string leader_of(const std::vector<std::string>& peers, std::int64_t round, std::int64_t view) {
  std::vector<std::pair<std::string, std::string>> order;
  for (const std::string& name : peers) order.emplace_back(sha256(std::to_string(round) + "/" + name), name);
  std::sort(order.begin(), order.end());
  return order[static_cast<std::size_t>(view) % order.size()].second;
}

}  // namespace consilium::fl
