#include "fl/enrol/provision.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "fl/enrol/enrolment.h"
#include "fl/enrol/member_files.h"
#include "fl/enrol/registry.h"
#include "fl/federation_settings.h"

namespace consilium::fl {
namespace {

/// Host without an IPv6 host's brackets, and port.
std::pair<std::string, int> host_and_port(const std::string& address) {
  require(is_address(address), ErrorCode::kUsage, "expected host:port, found \"" + address + "\"");
  const auto colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host, std::stoi(address.substr(colon + 1))};
}

std::string one_port_higher(const std::string& address) {
  const int port = host_and_port(address).second;
  require(port > 0 && port < 65535, ErrorCode::kUsage, "\"" + address + "\": there is no port above it for enrolment; name one with --enrolment");
  return address.substr(0, address.rfind(':')) + ":" + std::to_string(port + 1);
}

}  // namespace

void provision(const fs::path& folder, const ProvisionOptions& options) {
  std::vector<std::string> hosts, enrolments = options.enrolments;
  for (const std::string& address : enrolments) host_and_port(address);
  for (const std::string& address : options.addresses) {
    if (options.enrolments.empty()) enrolments.push_back(one_port_higher(address));
    if (const std::string host = host_and_port(address).first; std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  init_authority(folder, {.federation = options.federation, .valid_days = options.valid_days});
  if (options.addresses.empty()) return;
  issue_certificate(folder, options.coordinator, {.role = Role::kCoordinator, .hosts = hosts});
  edit_registry(folder, [&](Registry& registry) {
    registry.coordinators = options.addresses;
    registry.enrolments = enrolments;
  });
}

fs::path write_invitation(const fs::path& folder, const Invitation& invitation) {
  const fs::path file = folder / (invitation.name + ".invitation.json");
  write_secret_file(file, to_json(invitation).dump(1) + "\n");
  return file;
}

std::string rotate_here(const fs::path& folder, const std::string& name) {
  const auto serial = [&] { return parse_certificate(read_file(tls_files(folder, name).certificate, 1 << 20), tls_files(folder, name).certificate.string()).serial; };
  const std::string request = begin_rotation(folder, name);
  finish_rotation(folder, name, renew(folder, serial(), request));
  confirm_renewal(folder, serial());
  return serial();
}

}  // namespace consilium::fl
