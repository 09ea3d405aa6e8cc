#include "fl/policy/signed_policy.h"

#include "base/files.h"
#include "fl/keys.h"
#include "fl/signature.h"

namespace consilium::fl {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;  ///< of a policy, a key or a signature

/// As a message names it: the file alone, since folders may be named after people.
std::string shown(const fs::path& file) { return file.filename().string(); }

SitePolicy parsed(const std::string& bytes, const fs::path& file) { return parse_site_policy(parse_json(bytes, shown(file)), shown(file)); }

}  // namespace

fs::path signature_file(const fs::path& policy) { return policy.string() + ".sig"; }

fs::path make_policy_key(const fs::path& key) {
  fs::path public_key = key;
  public_key.replace_extension(".pub");
  for (const fs::path& file : {key, public_key}) require(!fs::exists(file), ErrorCode::kCannotWrite, file.string() + ": is there already; a policy key is not replaced");
  const SigningKeys made = make_ed25519_keys();
  write_secret_file(key, made.private_pem);
  write_file(public_key, made.public_pem);
  return public_key;
}

void sign_policy(const fs::path& policy, const fs::path& private_key) {
  const std::string bytes = read_file(policy, kMostBytes);
  parsed(bytes, policy);
  write_file(signature_file(policy), sign(read_file(private_key, kMostBytes), bytes));
}

SitePolicy read_signed_policy(const fs::path& policy, const fs::path& public_key) {
  const std::string bytes = read_file(policy, kMostBytes);
  require(fs::exists(signature_file(policy)), ErrorCode::kRefused, shown(policy) + ": is not signed; consilium policy sign makes " + shown(signature_file(policy)));
  const bool good = is_signed(read_file(public_key, kMostBytes), bytes, read_file(signature_file(policy), kMostBytes));
  require(good, ErrorCode::kRefused, shown(policy) + ": the signature does not fit: the policy was changed after it was signed, or the owner of " + shown(public_key) + " did not sign it");
  return parsed(bytes, policy);
}

}  // namespace consilium::fl
