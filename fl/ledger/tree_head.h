#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "fl/ledger/signing_key.h"
#include "fl/tls_check.h"

namespace consilium::fl {

/// The whole ledger in 32 bytes. Source: RFC 9162, section 4.10, in JSON.
struct TreeHead {
  std::string federation;  ///< of the run, 32 hexadecimal digits
  std::uint64_t size = 0;  ///< entries
  std::string root;        ///< hexadecimal
  std::int64_t unix_seconds = 0;  ///< when it was signed, by the coordinator's clock
  bool operator==(const TreeHead&) const = default;
};
/// What is signed.
std::string to_text(const TreeHead& head);

struct SignedHead {
  TreeHead head;
  std::string signature;  ///< Ed25519 by the ledger's key, hexadecimal
  bool operator==(const SignedHead&) const = default;
};
SignedHead sign_head(const TreeHead& head, const SigningKey& key);
/// `key`: hexadecimal.
bool is_signed_head(const SignedHead& head, const std::string& key);
Json to_json(const SignedHead& head);
/// @throws Error{kCorruptData} naming `origin`.
SignedHead head_from_json(const Json& json, const std::string& origin);

/// The ledger's key, vouched for by the coordinator's certificate, whose own key is none of Ed25519.
struct LedgerKey {
  std::string federation;
  std::string key;          ///< public, hexadecimal
  std::string certificate;  ///< PEM, of the coordinator
  std::string signature;    ///< by the certificate's key, hexadecimal
  bool operator==(const LedgerKey&) const = default;
};
LedgerKey certify_ledger_key(const SigningKey& key, const std::string& federation, const TlsPems& coordinator);
Json to_json(const LedgerKey& key);
/// @throws Error{kCorruptData} naming `origin`.
LedgerKey ledger_key_from_json(const Json& json, const std::string& origin);
/// Why the key does not count: not signed by the certificate, or that is no coordinator's of this authority (PEM; without one that is not looked at). Empty: it does.
/// The certificate's time is not looked at: a ledger outlives it.
std::string fault_of(const LedgerKey& key, const std::optional<std::string>& authority);

/// A site's word that it has seen a head, and checked that it continues what it had seen before.
struct CoSignature {
  SignedHead head;
  std::string certificate;  ///< PEM, of the site
  std::string signature;    ///< by the certificate's key, hexadecimal
  bool operator==(const CoSignature&) const = default;
};
CoSignature co_sign(const SignedHead& head, const TlsPems& site);
Json to_json(const CoSignature& signature);
/// @throws Error{kCorruptData} naming `origin`.
CoSignature cosignature_from_json(const Json& json, const std::string& origin);
/// As of a key; the head's own signature is not looked at.
std::string fault_of(const CoSignature& signature, const std::optional<std::string>& authority);

}  // namespace consilium::fl
