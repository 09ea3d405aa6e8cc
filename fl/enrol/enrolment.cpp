#include "fl/enrol/enrolment.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "fl/authority.h"
#include "fl/enrol/request.h"
#include "fl/enrol/token.h"

namespace consilium::fl {
namespace {

constexpr int kMostUnconfirmed = 4;  // a member that asks on and on must not fill the registry

struct Found {
  Member* member;
  IssuedCertificate* certificate;
};

Found find_certificate(Registry& registry, const std::string& serial) {
  for (Member& member : registry.members)
    for (IssuedCertificate& certificate : member.certificates)
      if (certificate.serial == serial) return {&member, &certificate};
  return {nullptr, nullptr};
}

const IssuedCertificate* answer_to(const Member& member, const std::string& token) {
  const auto at = std::find_if(member.certificates.begin(), member.certificates.end(), [&](const auto& c) { return c.token_fingerprint == token; });
  return at == member.certificates.end() ? nullptr : &*at;
}

/// Certificates of before there was a registry lie in the folder as files.
void take_over_files(Registry& registry, const fs::path& folder, const std::string& name) {
  const fs::path file = tls_files(folder, name).certificate;
  if (!fs::exists(file)) return;
  const std::string pem = read_file(file, 1 << 20);
  const CertificateSummary summary = parse_certificate(pem, file.string());
  if (summary.role.empty() || find_certificate(registry, summary.serial).certificate != nullptr) return;
  registry.member(name, parse_role(summary.role, file.string())).certificates.push_back(issued_certificate(pem));
}

IssuedCertificate certify(const fs::path& folder, const Member& member, const ParsedRequest& request, int days, const WallClock& clock) {
  return issued_certificate(Authority(folder).certify(request.public_key_der, member.name, {.role = member.role, .hosts = member.hosts, .valid_days = days, .clock = clock}));
}

std::string answer(const fs::path& folder, Member& member, const ParsedRequest& request, const std::string& token, const WallClock& clock) {
  const std::string whose = "the invitation of \"" + member.name + "\"";
  if (const IssuedCertificate* given = answer_to(member, token)) {
    require(given->key_fingerprint == request.key_fingerprint, ErrorCode::kRefused, whose + " was used already, for another key: one token, one certificate; ask for a new one");
    if (given->revoked) throw Error(ErrorCode::kRefused, whose + " was used for a certificate that was revoked on " + to_iso_time(given->revoked->when));
    return given->pem;
  }
  require(member.invitation && member.invitation->token_fingerprint == token, ErrorCode::kRefused, whose + " is not open");
  require(clock() <= member.invitation->expires, ErrorCode::kRefused, whose + " expired on " + to_iso_time(member.invitation->expires) + " by the coordinator's clock; ask for a new one");
  IssuedCertificate made = certify(folder, member, request, member.invitation->certificate_days, clock);
  made.token_fingerprint = token;
  member.invitation.reset();
  member.certificates.push_back(made);
  return made.pem;
}

}  // namespace

Invitation invite(const fs::path& folder, const std::string& name, const InviteOptions& options) {
  require_member_name(name);
  require(options.valid_days > 0 && options.valid_days <= 365, ErrorCode::kUsage, "valid_days: expected 1 to 365");
  require(options.certificate_days > 0 && options.certificate_days <= 36500, ErrorCode::kUsage, "certificate_days: expected 1 to 36500");
  require(options.role != Role::kCoordinator || !options.hosts.empty(), ErrorCode::kUsage, "a coordinator's invitation names the hosts at which it is reached");
  Invitation invitation{.name = name, .role = options.role, .token = make_token(), .authority_pem = Authority(folder).certificate_pem(), .coordinators = {}, .enrolments = {}, .expires = options.clock() + 86400LL * options.valid_days};
  const Registry registry = edit_registry(folder, [&](Registry& registry) {
    take_over_files(registry, folder, name);
    const Member* known = registry.find(name);
    const std::string institution = !options.institution.empty() || known == nullptr ? options.institution : known->institution;
    require_place(registry, name, options.role, institution, options.clock());
    Member& member = registry.member(name, options.role);
    member.institution = institution;
    require(!member.current(options.clock()), ErrorCode::kCannotWrite, folder.string() + ": \"" + name + "\" has a certificate that holds; revoke it first, or let its owner rotate it");
    member.role = options.role;
    member.hosts = options.hosts;
    member.invitation = OpenInvitation{token_fingerprint(invitation.token), invitation.expires, options.certificate_days};
  });
  invitation.coordinators = registry.coordinators;
  invitation.enrolments = registry.enrolments;
  return invitation;
}

std::string enrol(const fs::path& folder, const std::string& request_pem, const std::string& name, const WallClock& clock) {
  const ParsedRequest request = parse_request(request_pem, "the certificate request");
  const std::string token = prover_of(request.proof, request.public_key_der);
  std::string pem;
  edit_registry(folder, [&](Registry& registry) {
    const auto knows = [&](const Member& m) { return (m.invitation && m.invitation->token_fingerprint == token) || answer_to(m, token) != nullptr; };
    const auto member = std::find_if(registry.members.begin(), registry.members.end(), knows);
    require(member != registry.members.end(), ErrorCode::kRefused, "no invitation of this federation has that token: it was replaced by a newer one, revoked, or is another federation's");
    require(name.empty() || name == member->name, ErrorCode::kRefused, "the invitation is for \"" + member->name + "\", not for \"" + name.substr(0, 64) + "\"");
    pem = answer(folder, *member, request, token, clock);
  });
  return pem;
}

std::string renew(const fs::path& folder, const std::string& serial, const std::string& request_pem, const WallClock& clock) {
  const ParsedRequest request = parse_request(request_pem, "the certificate request");
  std::string pem;
  edit_registry(folder, [&](Registry& registry) {
    const auto [member, old] = find_certificate(registry, serial);
    require(member != nullptr, ErrorCode::kRefused, "the certificate with serial " + serial + " is not in the registry here; ask for an invitation");
    if (old->revoked) throw Error(ErrorCode::kRefused, "the certificate with serial " + serial + " was revoked on " + to_iso_time(old->revoked->when) + "; ask for an invitation");
    require(old->key_fingerprint != request.key_fingerprint, ErrorCode::kRefused, "a renewal is for a new key");
    int unconfirmed = 0;
    for (const IssuedCertificate& c : member->certificates) {
      if (c.replaces != serial || c.revoked) continue;
      if (c.key_fingerprint == request.key_fingerprint) {
        pem = c.pem;
        return;
      }
      ++unconfirmed;
    }
    require(unconfirmed < kMostUnconfirmed, ErrorCode::kRefused, "the certificate with serial " + serial + " was renewed " + std::to_string(unconfirmed) + " times already, and none was taken into use");
    IssuedCertificate made = certify(folder, *member, request, static_cast<int>((old->not_after - old->not_before + 43200) / 86400), clock);
    made.replaces = serial;
    pem = made.pem;
    member->certificates.push_back(std::move(made));
  });
  return pem;
}

void confirm_renewal(const fs::path& folder, const std::string& serial, const WallClock& clock) {
  edit_registry(folder, [&](Registry& registry) {
    const auto [member, made] = find_certificate(registry, serial);
    if (member == nullptr || made->replaces.empty()) return;
    for (IssuedCertificate& c : member->certificates)
      // Renewals of the old one that were asked for and never arrived go with it.
      if (!c.revoked && c.serial != serial && (c.serial == made->replaces || c.replaces == made->replaces)) c.revoked = Revocation{c.serial, clock(), RevocationReason::kSuperseded};
  });
}

std::vector<std::string> revoke(const fs::path& folder, const std::string& name, const RevokeOptions& options) {
  std::vector<std::string> serials;
  edit_registry(folder, [&](Registry& registry) {
    take_over_files(registry, folder, name);
    Member* member = registry.find(name);
    require(member != nullptr, ErrorCode::kNotFound, folder.string() + ": nobody called \"" + name + "\" was invited or has a certificate");
    member->invitation.reset();
    for (IssuedCertificate& c : member->certificates) {
      if (c.revoked) continue;
      c.revoked = Revocation{c.serial, options.clock(), options.reason};
      serials.push_back(c.serial);
    }
  });
  return serials;
}

}  // namespace consilium::fl
