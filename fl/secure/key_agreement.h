#pragma once

#include <string>
#include <string_view>

#include "fl/secure/secret.h"

namespace consilium::fl {

/// The public key, 32 bytes, of a private one. Source: RFC 7748, section 6.1 (X25519).
std::string x25519_public_key(const Secret32& private_key);

/// What both ends of an agreement know: to be handed to hkdf_sha256, never used as a key itself.
/// @throws Error{kCorruptData} the other's key is not 32 bytes, or one that makes the secret zero whoever is asked (RFC 7748, section 6.1).
Secret32 x25519_shared_secret(const Secret32& private_key, std::string_view other_public_key);

}  // namespace consilium::fl
