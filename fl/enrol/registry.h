#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/enrol/revocation.h"
#include "fl/keys.h"

namespace consilium::fl {

/// A certificate that the authority has signed.
struct IssuedCertificate {
  std::string serial;
  std::int64_t not_before = 0, not_after = 0;  ///< seconds since 1970
  std::string key_fingerprint;                 ///< of its public key
  std::string pem;
  std::string token_fingerprint{};             ///< of the invitation that it answers, or empty
  std::string replaces{};                      ///< serial of the one that it renews
  std::optional<Revocation> revoked{};
};
IssuedCertificate issued_certificate(const std::string& pem);

/// An invitation that nobody has answered yet.
struct OpenInvitation {
  std::string token_fingerprint;  ///< of the one-time token (fl/enrol/token.h); the token itself is nowhere here
  std::int64_t expires = 0;
  int certificate_days = 825;
};

struct Member {
  std::string name;
  Role role = Role::kSite;
  std::vector<std::string> hosts{};  ///< of a coordinator
  std::string institution{};         ///< the hospital behind a site, in its owner's words; empty: not told
  std::optional<OpenInvitation> invitation{};
  std::vector<IssuedCertificate> certificates{};

  /// The newest certificate that is neither revoked nor expired; nullptr when there is none.
  const IssuedCertificate* current(std::int64_t now) const;
  /// It trains, or may come to: a certificate that holds, or an invitation that is open.
  bool takes_a_place(std::int64_t now) const;
};

/// What the owner of an authority knows of its members: FOLDER/registry.json.
struct Registry {
  std::vector<std::string> coordinators;  ///< host:port, as invitations say it
  std::vector<std::string> enrolments;    ///< host:port of the enrolment service
  std::int64_t revocation_number = 0;     ///< of the last list
  std::int64_t most_sites = 0;            ///< quota of those that train (sites and peers), invitations that are open among them; 0: none
  std::vector<Member> members;            ///< by name

  Member* find(const std::string& name);
  /// The member of this name, made when there is none.
  Member& member(const std::string& name, Role role);
};

/// One vote per hospital: there is a place for one more that trains, and its institution has none yet. Members of other roles take no place.
/// @throws Error{kRefused} naming the quota, or the site that the institution has already.
void require_place(const Registry& registry, const std::string& name, Role role, const std::string& institution, std::int64_t now);

/// An empty one when there is no file. @throws as parse_registry.
Registry read_registry(const std::filesystem::path& folder);
/// Reads, changes and writes it while other processes and threads wait; nothing is written when `change` throws.
/// Revocations that `change` added are in FOLDER/ca.crl before it returns.
Registry edit_registry(const std::filesystem::path& folder, const std::function<void(Registry&)>& change);

/// One line of `consilium keys list`.
struct MemberCertificate {
  std::string name, role;
  std::string serial;         ///< empty while only invited
  std::int64_t until = 0;     ///< of the certificate, or of the invitation
  std::string state;          ///< authority, invited, enrolled, revoked, expired
  std::string reason;         ///< of a revocation
  std::string fingerprint;    ///< of the certificate
};
/// Everything that the registry and the certificates in the folder know, by name and age.
std::vector<MemberCertificate> list_members(const std::filesystem::path& folder, std::int64_t now);

}  // namespace consilium::fl
