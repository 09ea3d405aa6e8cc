#pragma once

#include <string>
#include <string_view>

namespace consilium::fl {

/// By the key's own kind: Ed25519 (RFC 8032) as it is, ECDSA (P-256, as this program's certificates) over SHA-256.
/// @throws Error{kCorruptData} `key_pem` is no private key; Error{kUnsupported} one of another kind.
std::string sign(std::string_view key_pem, std::string_view bytes);
/// Did the owner of this public key (PEM, or that of a certificate in PEM) sign these bytes?
/// @throws Error{kCorruptData} neither of both.
bool is_signed(std::string_view public_pem, std::string_view bytes, std::string_view signature);

/// A pair of keys for one process: in a simulation there are no certificates.
struct SigningKeys {
  std::string private_pem, public_pem;
};
SigningKeys make_ed25519_keys();
/// Of the 32 bytes of a private key (RFC 8032).
SigningKeys ed25519_keys_of(std::string_view private_key);
/// The public key, 32 bytes. @throws Error{kUnsupported} another kind of key.
std::string raw_public_key(std::string_view public_pem);

}  // namespace consilium::fl
