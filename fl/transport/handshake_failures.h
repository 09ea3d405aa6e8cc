#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "fl/transport/client.h"
#include "fl/transport/refusal_cause.h"

namespace consilium::fl {

/// Decides when a connection that does not come about is a refusal. What the coordinator says itself is final; what only looks like one
/// (a middlebox, a wrong address for a while) must look so three times, before there was any contact.
class HandshakeFailures {
 public:
  /// What is to be told, or nothing. @throws Error{kRefused}
  std::optional<std::string> note(const std::string& address, const SiteOptions& options, const TlsPems& pems, bool had_contact, bool is_last) {
    const auto cause = refusal_cause(address, options.enrolments, pems);
    count_ = cause ? count_ + 1 : 0;
    if (!cause) return std::nullopt;
    const bool is_final = cause->is_certain || is_last || (!had_contact && count_ >= kEnough);
    require(!is_final, ErrorCode::kRefused, (cause->is_certain ? "the coordinator refuses: " : "no connection with the coordinator at " + address + ": ") + cause->words);
    return cause->words;
  }
  void forget() { count_ = 0; }

 private:
  static constexpr int kEnough = 3;
  int count_ = 0;
};

}  // namespace consilium::fl
