#include "fl/enrol/registry.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "fl/authority.h"
#include "fl/enrol/registry_json.h"

namespace consilium::fl {
namespace {

fs::path registry_file(const fs::path& folder) { return folder / "registry.json"; }

std::vector<Revocation> revocations(const Registry& registry) {
  std::vector<Revocation> list;
  for (const Member& member : registry.members)
    for (const IssuedCertificate& certificate : member.certificates)
      if (certificate.revoked) list.push_back(*certificate.revoked);
  return list;
}

std::string state_of(const IssuedCertificate& certificate, std::int64_t now) {
  if (certificate.revoked) return "revoked";
  return certificate.not_after < now ? "expired" : "enrolled";
}

}  // namespace

IssuedCertificate issued_certificate(const std::string& pem) {
  const CertificateSummary summary = parse_certificate(pem, "a certificate just signed");
  return {.serial = summary.serial, .not_before = summary.not_before, .not_after = summary.not_after, .key_fingerprint = summary.key_fingerprint, .pem = pem};
}

const IssuedCertificate* Member::current(std::int64_t now) const {
  const auto newest = std::find_if(certificates.rbegin(), certificates.rend(), [&](const auto& c) { return !c.revoked && c.not_after >= now; });
  return newest == certificates.rend() ? nullptr : &*newest;
}

bool Member::takes_a_place(std::int64_t now) const { return (role == Role::kSite || role == Role::kPeer) && (current(now) != nullptr || (invitation && invitation->expires >= now)); }

void require_place(const Registry& registry, const std::string& name, Role role, const std::string& institution, std::int64_t now) {
  if (role != Role::kSite && role != Role::kPeer) return;
  const auto plain = [](std::string text) {
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
  };
  std::int64_t places = 0;
  for (const Member& member : registry.members) {
    if (member.name == name || !member.takes_a_place(now)) continue;
    ++places;
    require(institution.empty() || plain(member.institution) != plain(institution), ErrorCode::kRefused, "\"" + institution + "\" is in the federation already, as \"" + member.name + "\": one hospital, one certificate");
  }
  require(registry.most_sites == 0 || places < registry.most_sites, ErrorCode::kRefused,
          "the federation has its " + std::to_string(registry.most_sites) + " sites, open invitations among them; revoke one, or raise the quota with consilium keys quota");
}

Member* Registry::find(const std::string& name) {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return at == members.end() ? nullptr : &*at;
}

Member& Registry::member(const std::string& name, Role role) {
  if (Member* known = find(name)) return *known;
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name > name; });
  return *members.insert(at, Member{.name = name, .role = role});
}

Registry read_registry(const fs::path& folder) {
  const fs::path file = registry_file(folder);
  if (!fs::exists(file)) return {};
  return parse_registry(parse_json(read_file(file, 256 << 20), file.string(), ErrorCode::kCorruptData), file.string());
}

Registry edit_registry(const fs::path& folder, const std::function<void(Registry&)>& change) {
  const FolderLock lock(folder, 30);  // several hospitals may enrol in the same second
  Registry registry = read_registry(folder);
  const std::vector<Revocation> before = revocations(registry);
  change(registry);
  if (const std::vector<Revocation> after = revocations(registry); after != before) {
    ++registry.revocation_number;
    // First the list: a kill between the two files leaves somebody out who was to be left out.
    write_file(folder / "ca.crl", Authority(folder).revocation_list(after, registry.revocation_number));
  }
  write_secret_file(registry_file(folder), to_json(registry).dump(1) + "\n");
  return registry;
}

std::vector<MemberCertificate> list_members(const fs::path& folder, std::int64_t now) {
  const std::vector<CertificateSummary> files = list_certificates(folder);
  const Registry registry = read_registry(folder);
  std::vector<MemberCertificate> rows;
  const auto is_listed = [&](const std::string& serial) { return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.serial == serial; }); };
  for (const Member& member : registry.members) {
    for (const IssuedCertificate& c : member.certificates)
      rows.push_back({member.name, std::string(to_string(member.role)), c.serial, c.not_after, state_of(c, now), c.revoked ? std::string(to_string(c.revoked->reason)) : "", parse_certificate(c.pem, "registry.json").fingerprint});
    if (member.invitation) rows.push_back({member.name, std::string(to_string(member.role)), "", member.invitation->expires, member.invitation->expires < now ? "expired" : "invited", "", ""});
  }
  for (const CertificateSummary& c : files)  // the authority's own, and those of before there was a registry
    if (!is_listed(c.serial)) rows.push_back({c.name, c.role.empty() ? "authority" : c.role, c.serial, c.not_after, c.not_after < now ? "expired" : c.role.empty() ? "authority" : "enrolled", "", c.fingerprint});
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return (a.role == "authority") != (b.role == "authority") ? a.role == "authority" : a.name < b.name; });
  return rows;
}

}  // namespace consilium::fl
