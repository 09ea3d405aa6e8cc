#include "fl/peers/peer.h"

#include <algorithm>

#include "base/error.h"
#include "fl/peers/cyclic.h"
#include "fl/peers/gossip.h"
#include "fl/peers/ring.h"
#include "fl/peers/swarm.h"

namespace consilium::fl {
namespace {

PeerSettings checked(PeerSettings settings, const std::string& name) {
  validate(settings);
  std::sort(settings.peers.begin(), settings.peers.end());
  require(std::binary_search(settings.peers.begin(), settings.peers.end(), name), ErrorCode::kUsage, "\"" + name + "\" is none of the federation's peers");
  return settings;
}

std::unique_ptr<Peer> construct(const PeerSettings& settings, const std::string& name, PeerRecord record, double now) {
  switch (settings.topology) {
    case Topology::kRing: return std::make_unique<RingPeer>(settings, name, std::move(record), now);
    case Topology::kGossip: return std::make_unique<GossipPeer>(settings, name, std::move(record), now);
    case Topology::kSwarm: return std::make_unique<SwarmPeer>(settings, name, std::move(record), now);
    case Topology::kCyclic: return std::make_unique<CyclicPeer>(settings, name, std::move(record), now);
    case Topology::kCoordinator: break;
  }
  throw Error(ErrorCode::kUsage, "peers have no coordinator: choose ring, gossip, swarm or cyclic");
}

}  // namespace

Peer::Peer(PeerSettings settings, std::string name, PeerRecord record, double now)
    : settings_(checked(std::move(settings), name)), record_(std::move(record)), post_(std::move(name), settings_.peers, settings_.liveness_seconds, now), end_(settings_.rounds + 1), global_digest_(digest(record_.run.global)) {
  require(record_.run.round >= 0, ErrorCode::kMismatch, "a record of round " + std::to_string(record_.run.round));
}

PeerMessage Peer::alive() const { return {.kind = PeerMessageKind::kAlive, .round = record_.run.round, .view = record_.view}; }

bool Peer::receive(const PeerMessage& message, double now) {
  if (!post_.take(message, now)) return true;
  const bool taken = on_message(message, now);
  if (taken) post_.acknowledge(message);
  return taken;
}

void Peer::tick(double now) {
  on_tick(now);
  post_.tick(alive(), now);
}

std::optional<PeerWork> Peer::work(double now) {
  if (training_ || is_finished()) return std::nullopt;
  auto next = next_work(now);
  training_ = next.has_value();
  return next;
}

void Peer::trained(Update update, double now) {
  require(training_, ErrorCode::kUnexpected, "an update that nobody asked for");
  training_ = false;
  update.site = name();
  on_trained(std::move(update), now);
}

std::unique_ptr<Peer> make_peer(const PeerSettings& settings, const std::string& name, const ModelState& initial, double now) {
  return construct(settings, name, PeerRecord{.run = initial_run(initial), .best = initial}, now);
}

std::unique_ptr<Peer> resume_peer(const PeerSettings& settings, const std::string& name, PeerRecord record, double now) {
  // What was said in the view of before is forgotten; in the next view nothing can be said twice. In a swarm only the leader says what others build on.
  const bool leads = settings.topology == Topology::kSwarm && leader_of(settings.peers, record.run.round, record.view) == name;
  if (settings.topology == Topology::kRing || leads) ++record.view;
  return construct(settings, name, std::move(record), now);
}

}  // namespace consilium::fl
