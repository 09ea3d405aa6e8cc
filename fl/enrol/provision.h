#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fl/enrol/invitation.h"
#include "fl/keys.h"

namespace consilium::fl {

struct ProvisionOptions {
  std::string federation = "consilium federation";  ///< the authority's common name
  int valid_days = 3650;                    ///< of the authority
  std::string coordinator = "coordinator";  ///< name in its certificate
  std::vector<std::string> addresses{};     ///< host:port at which sites reach it; none: no certificate for it is made yet
  std::vector<std::string> enrolments{};    ///< host:port of its enrolment service; none: the addresses, one port higher
};
/// Makes an authority, the coordinator's certificate for the hosts of `addresses`, and a registry that tells invitations where to go.
/// @throws Error{kUsage} an address; as init_authority and issue_certificate.
void provision(const std::filesystem::path& folder, const ProvisionOptions& options = {});

/// Writes NAME.invitation.json (mode 0600: whoever reads it can enrol) in `folder` and returns its path.
std::filesystem::path write_invitation(const std::filesystem::path& folder, const Invitation& invitation);

/// New key and certificate for `name`, where key and authority lie in one folder; the old certificate is revoked. Returns the serial.
/// @throws as renew and finish_rotation.
std::string rotate_here(const std::filesystem::path& folder, const std::string& name);

}  // namespace consilium::fl
