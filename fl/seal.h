#pragma once

#include <string>
#include <string_view>

#include "fl/tls_check.h"

namespace consilium::fl {

inline constexpr std::size_t kMostSealBytes = 16 << 10;  ///< what sealing adds to the bytes, at most: two structures, a certificate, a signature, a key

/// Bytes that only the recipient can read, and that only the sender can have written: CMS SignedData (RFC 5652, ECDSA with SHA-256) within
/// AuthEnvelopedData (RFC 5083, AES-256-GCM, its key agreed by ECDH with the recipient's certificate). Whom it is for is not signed: say it in the bytes.
/// @throws Error{kCorruptData} a certificate or key that is none.
std::string seal(std::string_view bytes, const TlsPems& sender, std::string_view recipient_pem);

struct Unsealed {
  std::string bytes;
  std::string signer_pem;  ///< the certificate that came along; who it is, and whether it counts, is for the door to say
};
/// @throws Error{kCorruptData} not sealed for this recipient, or changed on its way.
Unsealed unseal(std::string_view sealed, const TlsPems& recipient);

}  // namespace consilium::fl
