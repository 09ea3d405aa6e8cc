#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fl/enrol/invitation.h"
#include "fl/enrol/registry.h"

namespace consilium::fl {

struct InviteOptions {
  Role role = Role::kSite;
  std::vector<std::string> hosts{};  ///< of a coordinator
  std::string institution{};         ///< the hospital behind a site: one that has a site already gets no other; empty: not told
  int valid_days = 14;               ///< of the invitation
  int certificate_days = 825;        ///< of the certificate that it becomes
  WallClock clock = wall_seconds;
};
/// Makes an invitation and enters it into the registry of the authority in `folder`; an older open one of that name is void.
/// @throws Error{kUsage} the name or the options; Error{kNotFound} no authority; Error{kCannotWrite} the name has a certificate that holds;
/// Error{kMismatch} the name has had another role;
/// Error{kRefused} as require_place.
Invitation invite(const std::filesystem::path& folder, const std::string& name, const InviteOptions& options = {});

/// The certificate (PEM) for a request that proves an open invitation (fl/enrol/request.h). One token, one certificate: the same request
/// again gets the same certificate, another key is refused. `name`, where it is given, must be the invitation's.
/// @throws Error{kRefused} saying why; Error{kCorruptData} no request; as Authority.
std::string enrol(const std::filesystem::path& folder, const std::string& request_pem, const std::string& name = "", const WallClock& clock = wall_seconds);

/// The certificate for a new key of a member whose present one, with this serial, was shown on the connection. The old one holds until
/// confirm_renewal, so that a site which is cut off in between is not locked out. Asked again, it gives the same certificate.
/// @throws Error{kRefused}, as enrol.
std::string renew(const std::filesystem::path& folder, const std::string& serial, const std::string& request_pem, const WallClock& clock = wall_seconds);
/// Revokes what the certificate with this serial replaces, because its owner has shown that it holds the new one.
void confirm_renewal(const std::filesystem::path& folder, const std::string& serial, const WallClock& clock = wall_seconds);

struct RevokeOptions {
  RevocationReason reason = RevocationReason::kUnspecified;
  WallClock clock = wall_seconds;
};
/// Revokes every certificate of `name` that is not revoked, and voids its invitation. Returns the serials.
/// @throws Error{kNotFound} there is nothing of that name.
std::vector<std::string> revoke(const std::filesystem::path& folder, const std::string& name, const RevokeOptions& options = {});

}  // namespace consilium::fl
