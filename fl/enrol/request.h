#pragma once

#include <string>
#include <string_view>

namespace consilium::fl {

/// A key that never leaves its site, and the request (PKCS#10) that does.
struct KeyAndRequest {
  std::string key_pem;      ///< P-256
  std::string request_pem;  ///< subject CN: the name; attribute challengePassword: the token's proof, when there is a token
};
/// `token` is empty for a renewal, which the present certificate vouches for.
KeyAndRequest make_request(const std::string& name, const std::string& token = "");
/// For a key that is there already, of an attempt that was cut off. @throws Error{kCorruptData} naming `origin`.
std::string make_request_for(std::string_view key_pem, const std::string& name, const std::string& token, const std::string& origin);

/// What a request asks for. Its subject is not read: the invitation says the name.
struct ParsedRequest {
  std::string public_key_der;
  std::string key_fingerprint;
  std::string proof;  ///< bytes of challengePassword, or empty
};
/// A request of at most 8 KiB for a P-256 key, signed by that key.
/// @throws Error{kCorruptData} it cannot be read or its signature is wrong; Error{kRefused} its key is of another kind.
ParsedRequest parse_request(std::string_view pem, const std::string& origin);

}  // namespace consilium::fl
