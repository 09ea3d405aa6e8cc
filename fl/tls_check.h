#pragma once

#include <string>

#include "fl/keys.h"

namespace consilium::fl {

/// What TLS is handed, as read from disk.
struct TlsPems {
  std::string authority, certificate, key;
  bool operator==(const TlsPems&) const = default;
};

/// Reads the three files and checks here, with words, what a handshake would only refuse.
///
/// @throws Error{kNotFound} naming the file that is missing; Error{kCorruptData} what is no certificate or key; Error{kMismatch}
/// the key is not the certificate's, or the certificate is not that of `name`; Error{kRefused} it has expired or does not hold yet,
/// is not signed by the authority, or is for another role.
TlsPems read_tls_files(const TlsFiles& files, Role role, const std::string& name, const WallClock& clock = wall_seconds);

/// Of a member of a federation without coordinator: a peer, or a site, which can dial but not be dialled. @throws as read_tls_files.
TlsPems read_peer_files(const TlsFiles& files, const std::string& name, const WallClock& clock = wall_seconds);

/// The same for what is not in its files yet, which `files` names in messages.
void require_sound(const TlsPems& pems, const TlsFiles& files, Role role, const std::string& name, const WallClock& clock = wall_seconds);

}  // namespace consilium::fl
