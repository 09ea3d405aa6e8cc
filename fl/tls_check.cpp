#include "fl/tls_check.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

/// A wrong clock and a certificate that is over look the same from here: the message leaves both open.
void require_time(const CertificateSummary& summary, const std::string& file, std::int64_t now) {
  const std::string clock = " (the clock of this machine says " + to_iso_time(now) + ")";
  require(now >= summary.not_before, ErrorCode::kRefused,
          file + ": is not valid before " + to_iso_time(summary.not_before) + clock + "; set the clock if it is wrong");
  require(now <= summary.not_after, ErrorCode::kRefused,
          file + ": expired on " + to_iso_time(summary.not_after) + clock +
              "; set the clock if it is wrong, else ask the owner of the federation for an invitation (or for keys issue)");
}

}  // namespace

void require_sound(const TlsPems& pems, const TlsFiles& files, Role role, const std::string& name, const WallClock& clock) {
  const Certificate authority = parse_x509(pems.authority, files.authority.string()),
                    own = parse_x509(pems.certificate, files.certificate.string());
  const CertificateSummary summary = parse_certificate(pems.certificate, files.certificate.string());
  require_time(summary, files.certificate.string(), clock());
  require(summary.role == to_string(role), ErrorCode::kRefused,
          files.certificate.string() + ": is for the role " + (summary.role.empty() ? "authority" : summary.role) + ", not for the role " +
              std::string(to_string(role)));
  require(summary.name == name, ErrorCode::kMismatch,
          files.certificate.string() + ": is the certificate of \"" + summary.name + "\", not of \"" + name + "\"");
  const std::string fault = chain_fault(own.get(), authority.get(),
                                        role == Role::kCoordinator ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, clock());
  require(fault.empty(), ErrorCode::kRefused,
          files.certificate.string() + ": does not pass with the authority in " + files.authority.string() + ": " + fault);
  const Key key = parse_private_key(pems.key, files.key.string());
  const bool is_own = X509_check_private_key(own.get(), key.get()) == 1;
  ERR_clear_error();
  require(is_own, ErrorCode::kMismatch, files.key.string() + ": is not the key of " + files.certificate.string());
}

TlsPems read_tls_files(const TlsFiles& files, Role role, const std::string& name, const WallClock& clock) {
  TlsPems pems{read_file(files.authority, kMostPemBytes), read_file(files.certificate, kMostPemBytes), read_file(files.key, kMostPemBytes)};
  require_sound(pems, files, role, name, clock);
  return pems;
}

TlsPems read_peer_files(const TlsFiles& files, const std::string& name, const WallClock& clock) {
  const CertificateSummary summary = parse_certificate(read_file(files.certificate, kMostPemBytes), files.certificate.string());
  return read_tls_files(files, summary.role == to_string(Role::kSite) ? Role::kSite : Role::kPeer, name, clock);
}

}  // namespace consilium::fl
