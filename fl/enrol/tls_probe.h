#pragma once

#include <optional>
#include <string>

namespace consilium::fl {

/// The certificate (PEM) that a TLS server at host:port shows, unchecked: after a failed handshake, to say in words what was wrong.
/// Nothing when nobody answers there in `patience_seconds`, or does not speak TLS.
std::optional<std::string> certificate_shown_at(const std::string& address, double patience_seconds = 3);

}  // namespace consilium::fl
