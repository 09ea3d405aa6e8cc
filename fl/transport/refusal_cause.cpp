#include "fl/transport/refusal_cause.h"

#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/enrol/tls_probe.h"
#include "fl/transport/enrolment_client.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

/// What this site has against the certificate that the other side shows; empty when nothing.
std::string objection(const std::string& shown_pem, const TlsPems& own, std::int64_t now) {
  const CertificateSummary shown = parse_certificate(shown_pem, "the certificate shown");
  const Certificate certificate = parse_x509(shown_pem, "the certificate shown"), authority = parse_x509(own.authority, "ca.crt");
  const std::string clock = ", and the clock of this machine says " + to_iso_time(now);
  const std::string fault = chain_fault(certificate.get(), authority.get(), X509_PURPOSE_SSL_SERVER);
  if (!fault.empty())
    return "the certificate shown there is not signed by the authority in this site's ca.crt (" + fault +
           "): these keys are of another federation or of an older generation of this one, or the address is not the coordinator's; ask the owner of the federation for an invitation";
  if (now < shown.not_before) return "the coordinator's certificate is not valid before " + to_iso_time(shown.not_before) + clock + ": set the clock here";
  if (now > shown.not_after) return "the coordinator's certificate expired on " + to_iso_time(shown.not_after) + clock + ": the coordinator needs a new one, or the clock here is wrong";
  return "";
}

}  // namespace

std::optional<RefusalCause> refusal_cause(const std::string& coordinator, const std::vector<std::string>& enrolments, const TlsPems& own, const WallClock& clock) {
  const auto shown = certificate_shown_at(coordinator);
  if (!shown) return std::nullopt;
  if (const std::string words = objection(*shown, own, clock()); !words.empty()) return RefusalCause{false, words};
  const auto explanation = ask_why(enrolments, own.authority, own.certificate);
  if (!explanation || explanation->reason.empty()) return std::nullopt;
  const std::string difference = clock_difference(explanation->unix_seconds, clock());
  return RefusalCause{true, explanation->reason + (difference.empty() ? "" : " (" + difference + ")")};
}

void require_clock(const TlsFiles& files, const std::vector<std::string>& enrolments, const WallClock& clock) {
  if (enrolments.empty() || !fs::exists(files.certificate) || !fs::exists(files.authority)) return;
  const std::string pem = read_file(files.certificate, kMostPemBytes);
  const CertificateSummary summary = parse_certificate(pem, files.certificate.string());
  const std::int64_t now = clock();
  if (now >= summary.not_before && now <= summary.not_after) return;
  const auto explanation = ask_why(enrolments, read_file(files.authority, kMostPemBytes), pem);
  const std::string difference = explanation ? clock_difference(explanation->unix_seconds, now) : "";
  require(difference.empty(), ErrorCode::kRefused,
          files.certificate.string() + ": holds from " + to_iso_time(summary.not_before) + " to " + to_iso_time(summary.not_after) + ", and the clock of this machine says " + to_iso_time(now) +
              "; at the coordinator, " + difference + ": set the clock of this machine");
}

}  // namespace consilium::fl
