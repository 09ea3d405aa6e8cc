#include "fl/peers/introductions.h"

#include <algorithm>

#include "base/text.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {

SharedDigests shared_digests(const PeerSettings& settings, const std::string& run, const std::string& initial_digest) {
  PeerSettings sorted = settings;
  std::sort(sorted.peers.begin(), sorted.peers.end());
  Json shared = to_json(sorted);
  shared["run"] = run;
  shared["initial_model"] = initial_digest;
  SharedDigests digests;
  for (const auto& [key, value] : shared.items()) digests.by_key[key] = to_hexadecimal(sha256(value.dump()));
  digests.federation = to_hexadecimal(sha256(shared.dump()));
  return digests;
}

void Introductions::note(const std::string& peer, const std::map<std::string, std::string>& settings, bool wants_answer) {
  if (wants_answer) {  // also when they differ: the other side is to know it too
    const std::lock_guard lock(guard_);
    to_greet_.insert(peer);
  }
  std::string keys;
  const auto add = [&](const std::string& key) { keys += (keys.empty() ? "" : ", ") + printable(key, 64); };
  for (const auto& [key, digest] : own_.by_key)
    if (const auto found = settings.find(key); found == settings.end() || found->second != digest) add(key);
  for (const auto& [key, digest] : settings)
    if (!own_.by_key.contains(key) && keys.size() < 1000) add(key);
  if (!keys.empty()) {
    const Error error(ErrorCode::kMismatch, "\"" + peer + "\" has other settings than \"" + name_ + "\": they differ in " + keys);
    note_refusal(peer, error);
    throw error;
  }
  const std::lock_guard lock(guard_);
  met_.insert(peer);
  refusals_.erase(peer);
}

void Introductions::note_refusal(const std::string& peer, const Error& error) {
  const std::lock_guard lock(guard_);
  const auto [place, is_new] = refusals_.insert_or_assign(peer, error);
  if (is_new) warnings_.push_back(error.what());
}

bool Introductions::take_greeting(const std::string& peer) {
  const std::lock_guard lock(guard_);
  return to_greet_.erase(peer) > 0 || !met_.contains(peer);
}

void Introductions::note_accepted(const std::string& peer) {
  const std::lock_guard lock(guard_);
  const auto at = refusals_.find(peer);
  if (at != refusals_.end() && at->second.code() == ErrorCode::kRefused) refusals_.erase(at);
}

bool Introductions::has_met(const std::string& peer) const {
  const std::lock_guard lock(guard_);
  return met_.contains(peer);
}

std::vector<std::string> Introductions::take_warnings() {
  const std::lock_guard lock(guard_);
  return std::exchange(warnings_, {});
}

std::vector<std::string> Introductions::missing() const {
  const std::lock_guard lock(guard_);
  std::vector<std::string> names;
  for (const std::string& peer : others_)
    if (!met_.contains(peer)) names.push_back(peer);
  return names;
}

void Introductions::require_company() const {
  const std::lock_guard lock(guard_);
  if (2 * refusals_.size() > others_.size()) throw Error(refusals_.rbegin()->second);
}

}  // namespace consilium::fl
