#include "fl/enrol/revocation.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::pair<RevocationReason, std::string_view> kReasons[] = {{RevocationReason::kUnspecified, "revoked"},
                                                                       {RevocationReason::kKeyCompromise, "key_compromise"},
                                                                       {RevocationReason::kSuperseded, "superseded"},
                                                                       {RevocationReason::kLeft, "left"}};

RevocationReason reason_of(const X509_REVOKED* entry) {
  int critical = 0;
  const std::unique_ptr<ASN1_ENUMERATED, Freer<ASN1_ENUMERATED_free>> code(
      static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, &critical, nullptr)));
  const long number = code ? ASN1_ENUMERATED_get(code.get()) : 0;
  for (const auto& [reason, word] : kReasons)
    if (static_cast<long>(reason) == number) return reason;
  return RevocationReason::kUnspecified;
}

}  // namespace

std::string_view to_string(RevocationReason reason) {
  for (const auto& [known, word] : kReasons)
    if (known == reason) return word;
  return "revoked";
}

RevocationReason parse_revocation_reason(const std::string& word, const std::string& where) {
  for (const auto& [reason, known] : kReasons)
    if (known == word) return reason;
  throw Error(ErrorCode::kUsage, where + ": expected revoked, key_compromise, superseded or left, found \"" + word.substr(0, 64) + "\"");
}

void append_revocation(X509_CRL* crl, const Revocation& entry) {
  std::unique_ptr<X509_REVOKED, Freer<X509_REVOKED_free>> revoked(X509_REVOKED_new());
  BIGNUM* parsed = nullptr;
  require_ssl(BN_hex2bn(&parsed, entry.serial.c_str()) > 0, "reading a serial number");
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(parsed);
  const std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>> serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
  const std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>> when(ASN1_TIME_set(nullptr, entry.when));
  require_ssl(revoked && serial && when && X509_REVOKED_set_serialNumber(revoked.get(), serial.get()) == 1 &&
                  X509_REVOKED_set_revocationDate(revoked.get(), when.get()) == 1,
              "writing a revocation");
  if (entry.reason != RevocationReason::kUnspecified) {  // RFC 5280: the code for "unspecified" is left out
    const std::unique_ptr<ASN1_ENUMERATED, Freer<ASN1_ENUMERATED_free>> reason(ASN1_ENUMERATED_new());
    require_ssl(reason && ASN1_ENUMERATED_set(reason.get(), static_cast<long>(entry.reason)) == 1 &&
                    X509_REVOKED_add1_ext_i2d(revoked.get(), NID_crl_reason, reason.get(), 0, 0) == 1,
                "writing a revocation's reason");
  }
  require_ssl(X509_CRL_add0_revoked(crl, revoked.get()) == 1, "writing a revocation");
  (void)revoked.release();  // the list owns it now
}

RevocationList parse_revocation_list(std::string_view crl_pem, std::string_view authority_pem, const std::string& origin) {
  const Crl crl = parse_x509_crl(crl_pem, origin);
  const Certificate authority = parse_x509(authority_pem, "the authority");
  const bool is_signed = X509_CRL_verify(crl.get(), X509_get0_pubkey(authority.get())) == 1;
  ERR_clear_error();
  require(is_signed, ErrorCode::kCorruptData, origin + ": is not signed by this federation's authority");
  RevocationList list;
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl.get());
  for (int n = 0; n < sk_X509_REVOKED_num(entries); ++n) {
    const X509_REVOKED* entry = sk_X509_REVOKED_value(entries, n);
    const std::string serial = serial_of(X509_REVOKED_get0_serialNumber(entry));
    list[serial] = {serial, seconds_of(X509_REVOKED_get0_revocationDate(entry)), reason_of(entry)};
  }
  ERR_clear_error();
  return list;
}

RevocationFile::RevocationFile(fs::path file, std::string authority_pem) : file_(std::move(file)), authority_pem_(std::move(authority_pem)) { refresh(); }

RevocationFile::Stamp RevocationFile::stamp() const {
  std::error_code time_error, size_error;
  const auto time = fs::last_write_time(file_, time_error);
  const auto size = fs::file_size(file_, size_error);
  return time_error || size_error ? Stamp{} : Stamp{time, size};
}

bool RevocationFile::refresh() {
  const Stamp now = stamp();
  if (now == read_at_) return false;
  read_at_ = now;  // said once, not at every look
  require(now != Stamp{}, ErrorCode::kNotFound, file_.string() + ": is gone; what it revoked stays revoked until this program ends");
  list_ = parse_revocation_list(read_file(file_, kMostCrlBytes), authority_pem_, file_.string());
  return true;
}

}  // namespace consilium::fl
