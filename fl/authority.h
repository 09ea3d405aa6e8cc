#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "fl/enrol/revocation.h"
#include "fl/keys.h"

namespace consilium::fl {

/// Makes ca.key and ca.crt. @throws Error{kUsage} the options; Error{kCannotWrite}
void make_authority(const std::filesystem::path& folder, const AuthorityOptions& options);

/// The key of a federation's authority, held while something is signed.
class Authority {
 public:
  /// Reads ca.key and ca.crt. @throws Error{kNotFound} no authority there; Error{kCorruptData}; Error{kMismatch} the key is another's.
  explicit Authority(const std::filesystem::path& folder);
  ~Authority();
  Authority(Authority&&) noexcept;

  const std::string& certificate_pem() const;

  /// A certificate (PEM) for this P-256 public key (DER, SubjectPublicKeyInfo). The role stands in the organisational unit and in the
  /// extended key usage, so that no site can pose as the coordinator. @throws Error{kUsage} the options
  std::string certify(const std::string& public_key_der, const std::string& name, const CertificateOptions& options) const;

  /// A signed list (PEM) of what does not count any more. Source: RFC 5280, section 5.
  std::string revocation_list(const std::vector<Revocation>& revoked, std::int64_t number, const WallClock& clock = wall_seconds) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace consilium::fl
