#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fl/tls_check.h"
#include "fl/wall_clock.h"

namespace consilium::fl {

/// A site as it shows itself to the others: what it signs is checked by them, not by the coordinator alone.
struct MemberIdentity {
  std::string name;
  std::string certificate;  ///< PEM; in a simulation, which has none, a public key
  std::function<std::string(std::string_view bytes)> sign;
};
/// Does this certificate belong to the site of that name? @throws Error{kRefused} saying why it does not count.
using CertificateCheck = std::function<void(const std::string& name, const std::string& certificate)>;

/// Signs by the key of the site's own certificate.
MemberIdentity identity_of(const std::string& name, const TlsPems& pems);
/// Signed by this authority for a client, of the role site, under that name, valid now, and not in the revocation list beside ca.crt if there is one.
CertificateCheck check_by_authority(const std::filesystem::path& authority, const WallClock& clock = wall_seconds);

/// The sites of one process: keys that are made at its start.
struct SimulatedMembers {
  std::map<std::string, MemberIdentity> identities;
  CertificateCheck check;
};
SimulatedMembers simulated_members(const std::vector<std::string>& names);

}  // namespace consilium::fl
