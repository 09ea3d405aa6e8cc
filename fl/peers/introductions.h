#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "fl/peers/peer_settings.h"

namespace consilium::fl {

/// What all peers of one federation must have alike, by key: the SHA-256 of each value, and of all of them.
struct SharedDigests {
  std::map<std::string, std::string> by_key;  ///< hexadecimal
  std::string federation;                     ///< hexadecimal
  bool operator==(const SharedDigests&) const = default;
};
/// `run`: a word that tells this federation from another with the same settings. `initial_digest`: of the model that all start from.
SharedDigests shared_digests(const PeerSettings& settings, const std::string& run, const std::string& initial_digest);

/// Who of the others has been met, and who cannot be worked with. Several threads may use it.
class Introductions {
 public:
  Introductions(SharedDigests own, std::string name, std::vector<std::string> others) : own_(std::move(own)), name_(std::move(name)), others_(std::move(others)) {}

  const SharedDigests& own() const { return own_; }
  /// What another says of its settings. @throws Error{kMismatch} naming the site and the keys that differ.
  void note(const std::string& peer, const std::map<std::string, std::string>& settings, bool wants_answer);
  /// Is a hello to that peer due: not met yet, or it has asked for one since the last call?
  bool take_greeting(const std::string& peer);
  /// `peer` does not want to hear this site, or cannot be worked with.
  void note_refusal(const std::string& peer, const Error& error);
  /// It has taken something: a refusal of before is over. That settings differ does not pass.
  void note_accepted(const std::string& peer);
  bool has_met(const std::string& peer) const;
  /// A refusal that was noted since the last call: to be told once.
  std::vector<std::string> take_warnings();
  std::vector<std::string> missing() const;  ///< who has not been met
  /// When more than half of the others refuse this site, or differ from it, it is this one that is wrong. @throws the last of their errors.
  void require_company() const;

 private:
  SharedDigests own_;
  std::string name_;
  std::vector<std::string> others_;
  mutable std::mutex guard_;
  std::set<std::string> met_, to_greet_;
  std::map<std::string, Error> refusals_;
  std::vector<std::string> warnings_;
};

}  // namespace consilium::fl
