#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fl/tls_check.h"

namespace consilium::fl {

/// Why a mutual TLS connection did not come about, in words and with what to do.
struct RefusalCause {
  /// The coordinator said so over a connection that proved to be its own. Else it is what an unproven answer looks like: a wrong address or a
  /// middlebox may be behind it.
  bool is_certain = false;
  std::string words;
  bool operator==(const RefusalCause&) const = default;
};

/// Looks at the certificate that is shown at `coordinator`, and asks the enrolment service, where one is known. Nothing when nobody answers, or
/// when no side objects: then it is the network.
std::optional<RefusalCause> refusal_cause(const std::string& coordinator, const std::vector<std::string>& enrolments, const TlsPems& own, const WallClock& clock = wall_seconds);

/// When a certificate does not hold by the clock of this machine, and the coordinator's clock says another time: says which clock to set,
/// where read_tls_files could only name the date. @throws Error{kRefused}, as parse_certificate; silent when there is nothing to say.
void require_clock(const TlsFiles& files, const std::vector<std::string>& enrolments, const WallClock& clock = wall_seconds);

}  // namespace consilium::fl
