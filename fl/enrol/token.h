#pragma once

#include <string>

namespace consilium::fl {

/// A one-time token: 256 random bits, which are the seed of an Ed25519 key (RFC 8032).
///
/// The authority keeps only the SHA-256 of the public half, so that nobody who reads its registry can enrol; and the site never sends the
/// token, only a signature over its own new key, so that nobody who reads a request can put another key in its place.
std::string make_token();  ///< 32 bytes

/// SHA-256 of the public half, hexadecimal. @throws Error{kCorruptData} not 32 bytes.
std::string token_fingerprint(const std::string& token);

/// What a certificate request carries: public half and signature (96 bytes) over the key that is to be certified (DER).
std::string sign_with_token(const std::string& token, const std::string& public_key_der);
/// The fingerprint of the token that made this proof for this key. @throws Error{kRefused} it is no such proof.
std::string prover_of(const std::string& proof, const std::string& public_key_der);

}  // namespace consilium::fl
