#include "fl/secure/member_identity.h"

#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "fl/enrol/revocation.h"
#include "fl/signature.h"
#include "fl/x509.h"

namespace consilium::fl {

MemberIdentity identity_of(const std::string& name, const TlsPems& pems) {
  return {name, pems.certificate, [key = pems.key](std::string_view bytes) { return sign(key, bytes); }};
}

CertificateCheck check_by_authority(const std::filesystem::path& authority_file, const WallClock& clock) {
  const std::string authority_pem = read_file(authority_file, kMostPemBytes);
  const fs::path list = authority_file.parent_path() / "ca.crl";
  return [=](const std::string& name, const std::string& certificate_pem) {
    const auto check = [&](bool good, const std::string& why) { require(good, ErrorCode::kRefused, "the certificate of site \"" + printable(name) + "\": " + why); };
    Certificate certificate;
    try {
      certificate = parse_x509(certificate_pem, "it");
    } catch (const Error&) {
      check(false, "is none");
    }
    const Certificate authority = parse_x509(authority_pem, authority_file.string());
    const std::string fault = chain_fault(certificate.get(), authority.get(), X509_PURPOSE_SSL_CLIENT, clock());
    check(fault.empty(), fault);
    const CertificateSummary summary = parse_certificate(certificate_pem, "it");
    check(summary.name == name, "is another's");
    check(summary.role == to_string(Role::kSite), "is for another role");
    if (fs::exists(list)) check(!parse_revocation_list(read_file(list, kMostCrlBytes), authority_pem, list.string()).contains(summary.serial), "was revoked");
  };
}

SimulatedMembers simulated_members(const std::vector<std::string>& names) {
  SimulatedMembers members;
  std::map<std::string, std::string> known;
  for (const std::string& name : names) {
    const SigningKeys keys = make_ed25519_keys();
    known[name] = keys.public_pem;
    members.identities[name] = {name, keys.public_pem, [key = keys.private_pem](std::string_view bytes) { return sign(key, bytes); }};
  }
  members.check = [known](const std::string& name, const std::string& certificate) {
    const auto found = known.find(name);
    require(found != known.end() && found->second == certificate, ErrorCode::kRefused, "site \"" + printable(name) + "\" does not belong to this simulation");
  };
  return members;
}

}  // namespace consilium::fl
