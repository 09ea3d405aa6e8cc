#pragma once

#include <filesystem>

#include "fl/policy/site_policy.h"

namespace consilium::fl {

/// The signature of a policy lies beside it: "policy.json.sig", the 64 bytes of Ed25519 over the file's bytes
/// (`openssl pkeyutl -verify -pubin -inkey officer.pub -rawin -in policy.json -sigfile policy.json.sig` checks it too).
std::filesystem::path signature_file(const std::filesystem::path& policy);

/// Writes a new key pair: `key` (mode 0600) and the same path with ".pub". @throws Error{kCannotWrite} one of them is there.
std::filesystem::path make_policy_key(const std::filesystem::path& key);

/// Signs the policy, which has to be sound. @throws Error{kUsage} as parse_site_policy; Error{kNotFound}; Error{kCorruptData} no key
void sign_policy(const std::filesystem::path& policy, const std::filesystem::path& private_key);

/// The policy, if the owner of `public_key` signed just these bytes. @throws Error{kRefused} not signed, changed since, or signed by another; as above
SitePolicy read_signed_policy(const std::filesystem::path& policy, const std::filesystem::path& public_key);

}  // namespace consilium::fl
