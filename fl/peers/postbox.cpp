#include "fl/peers/postbox.h"

#include <algorithm>
#include <utility>

namespace consilium::fl {
namespace {

/// These are answered by what they ask for, or are repeated anyway.
bool is_acknowledged(PeerMessageKind kind) {
  return kind != PeerMessageKind::kAlive && kind != PeerMessageKind::kAck && kind != PeerMessageKind::kAsk && kind != PeerMessageKind::kState;
}

}  // namespace

Postbox::Postbox(std::string own, std::vector<std::string> peers, double liveness_seconds, double now) : own_(std::move(own)), peers_(std::move(peers)), liveness_seconds_(liveness_seconds) {
  for (const std::string& peer : peers_) heard_[peer] = now;
}

void Postbox::post(PeerMessage message, double now) {
  message.from = own_;
  outgoing_.push_back(message);
  Key key{message.to, message.kind, message.round, message.view, message.part};
  waiting_.insert_or_assign(std::move(key), Waiting{std::move(message), now});
}

void Postbox::post_to_others(const PeerMessage& message, double now) {
  for (const std::string& peer : peers_) {
    if (peer == own_) continue;
    PeerMessage copy = message;
    copy.to = peer;
    post(std::move(copy), now);
  }
}

void Postbox::post_once(PeerMessage message) {
  message.from = own_;
  outgoing_.push_back(std::move(message));
}

void Postbox::forget_before(std::int64_t round, std::int64_t view) {
  std::erase_if(waiting_, [&](const auto& entry) { return std::pair(entry.second.message.round, entry.second.message.view) < std::pair(round, view); });
}

bool Postbox::take(const PeerMessage& message, double now) {
  const auto heard = heard_.find(message.from);
  if (heard == heard_.end() || message.from == own_ || message.to != own_) return false;
  heard->second = std::max(heard->second, now);
  if (message.kind == PeerMessageKind::kAck) {
    waiting_.erase({message.from, message.acked, message.round, message.view, message.part});
    return false;
  }
  return true;
}

void Postbox::acknowledge(const PeerMessage& message) {
  if (is_acknowledged(message.kind))
    post_once({.kind = PeerMessageKind::kAck, .to = message.from, .round = message.round, .view = message.view, .part = message.part, .acked = message.kind});
}

bool Postbox::is_live(const std::string& peer, double now) const {
  if (peer == own_) return true;
  const auto heard = heard_.find(peer);
  return heard != heard_.end() && now - heard->second <= liveness_seconds_;
}

void Postbox::tick(const PeerMessage& alive, double now) {
  for (auto& [key, waiting] : waiting_) {
    // To somebody who is gone a repetition is lost; when he is heard again it is due at once.
    if (now - waiting.sent < repeat_seconds() || !is_live(waiting.message.to, now)) continue;
    waiting.sent = now;
    outgoing_.push_back(waiting.message);
  }
  if (now - told_ < liveness_seconds_ / 4) return;
  told_ = now;
  for (const std::string& peer : peers_) {
    if (peer == own_) continue;
    PeerMessage copy = alive;
    copy.to = peer;
    post_once(std::move(copy));
  }
}

std::vector<PeerMessage> Postbox::take_outgoing() { return std::exchange(outgoing_, {}); }

}  // namespace consilium::fl
