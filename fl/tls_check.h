#pragma once

#include <string>

#include "fl/keys.h"

namespace consilium::fl {

/// What TLS is handed, as read from disk.
struct TlsPems {
  std::string authority, certificate, key;
};

/// Reads the three files and checks here, with words, what a handshake would only refuse.
///
/// @throws Error{kNotFound} naming the file that is missing; Error{kCorruptData} what is no certificate or key; Error{kMismatch}
/// the key is not the certificate's, or the certificate is not that of `name`; Error{kRefused} it has expired, is not signed by
/// the authority, or is for the other role.
TlsPems read_tls_files(const TlsFiles& files, Role role, const std::string& name);

}  // namespace consilium::fl
