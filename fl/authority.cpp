#include "fl/authority.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::int64_t kBackdatedSeconds = 3600;  // hospital clocks differ a little

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  require_ssl(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "writing a certificate's extension");
}

void draw_serial(X509* certificate) {
  unsigned char serial[16];
  require_ssl(RAND_bytes(serial, sizeof serial) == 1, "drawing a serial number");
  serial[0] &= 0x7F;  // positive
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  require_ssl(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr, "writing a serial number");
}

Certificate start_certificate(EVP_PKEY* key, std::int64_t from, std::int64_t until) {
  Certificate certificate(X509_new());
  require_ssl(certificate != nullptr && X509_set_version(certificate.get(), 2) == 1, "making a certificate");
  draw_serial(certificate.get());
  // ASN1_TIME_set takes either form, by the year: RFC 5280 wants GeneralizedTime from 2050 on.
  require_ssl(ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from) != nullptr && ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until) != nullptr &&
                  X509_set_pubkey(certificate.get(), key) == 1,
              "making a certificate");
  return certificate;
}

void require_days(int days) { require(days > 0 && days <= 36500, ErrorCode::kUsage, "valid_days: expected 1 to 36500"); }

bool is_ip_address(const std::string& host) { return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos; }

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& host : hosts) {
    require(!host.empty() && host.size() <= 255 && host.find_first_of(",\n ") == std::string::npos, ErrorCode::kUsage, "\"" + host.substr(0, 80) + "\" is no host name");
    names += (names.empty() ? "" : ",") + std::string(is_ip_address(host) ? "IP:" : "DNS:") + host;
  }
  return names;
}

Key public_key_of(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  Key key(d2i_PUBKEY(nullptr, &bytes, static_cast<long>(der.size())));
  require_ssl(key != nullptr, "reading a public key");
  return key;
}

}  // namespace

struct Authority::Parts {
  Key key;
  Certificate certificate;
  std::string pem;
};

void make_authority(const fs::path& folder, const AuthorityOptions& options) {
  require_days(options.valid_days);
  require(!options.federation.empty() && options.federation.size() <= 64, ErrorCode::kUsage, "federation: expected a name of 1 to 64 bytes");
  const Key key = make_p256_key();
  const std::int64_t now = wall_seconds();
  const Certificate certificate = start_certificate(key.get(), now - kBackdatedSeconds, now + kDay * options.valid_days);
  add_subject(X509_get_subject_name(certificate.get()), "CN", options.federation);
  require_ssl(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1, "making a certificate");
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  require_ssl(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signing a certificate");
  make_folder(folder);
  write_secret_file(folder / "ca.key", to_pem(key.get()));
  write_file(folder / "ca.crt", to_pem(certificate.get()));
}

Authority::Authority(const fs::path& folder) : parts_(std::make_unique<Parts>()) {
  const fs::path key = folder / "ca.key", certificate = folder / "ca.crt";
  require(fs::exists(key), ErrorCode::kNotFound, key.string() + ": no authority here; make one with consilium keys init");
  parts_->key = parse_private_key(read_file(key, kMostPemBytes), key.string());
  parts_->pem = read_file(certificate, kMostPemBytes);
  parts_->certificate = parse_x509(parts_->pem, certificate.string());
  require(X509_check_private_key(parts_->certificate.get(), parts_->key.get()) == 1, ErrorCode::kMismatch, key.string() + ": is not the key of " + certificate.string());
}
Authority::~Authority() = default;
Authority::Authority(Authority&&) noexcept = default;

const std::string& Authority::certificate_pem() const { return parts_->pem; }

std::string Authority::certify(const std::string& public_key_der, const std::string& name, const CertificateOptions& options) const {
  require_member_name(name);
  require_days(options.valid_days);
  const Key key = public_key_of(public_key_der);
  X509* issuer = parts_->certificate.get();
  const std::int64_t now = options.clock(), last = seconds_of(X509_get0_notAfter(issuer));
  require(now < last, ErrorCode::kRefused, "the authority's own certificate expired on " + to_iso_time(last) + ": the federation needs a new one");
  const Certificate certificate = start_certificate(key.get(), now - kBackdatedSeconds, std::min(last, now + kDay * options.valid_days));
  add_subject(X509_get_subject_name(certificate.get()), "CN", name);
  add_subject(X509_get_subject_name(certificate.get()), "OU", std::string(to_string(options.role)));
  require_ssl(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1, "making a certificate");
  add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  // keyAgreement: letters of peers are sealed for their recipient's key (fl/seal.h).
  const bool gets_letters = options.role == Role::kPeer || options.role == Role::kSite;
  add_extension(certificate.get(), issuer, NID_key_usage, gets_letters ? "critical,digitalSignature,keyAgreement" : "critical,digitalSignature");
  add_extension(certificate.get(), issuer, NID_ext_key_usage, options.role == Role::kCoordinator ? "serverAuth" : options.role == Role::kPeer ? "serverAuth,clientAuth" : "clientAuth");
  add_extension(certificate.get(), issuer, NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid");
  const std::vector<std::string> hosts = options.role == Role::kPeer ? std::vector{peer_host(name)} : options.hosts;
  if (const std::string names = alternative_names(hosts); !names.empty()) add_extension(certificate.get(), issuer, NID_subject_alt_name, names);
  require_ssl(X509_sign(certificate.get(), parts_->key.get(), EVP_sha256()) > 0, "signing a certificate");
  return to_pem(certificate.get());
}

std::string Authority::revocation_list(const std::vector<Revocation>& revoked, std::int64_t number, const WallClock& clock) const {
  const Crl crl(X509_CRL_new());
  require_ssl(crl != nullptr && X509_CRL_set_version(crl.get(), 1) == 1 && X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(parts_->certificate.get())) == 1, "making a revocation list");
  const std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>> now(ASN1_TIME_set(nullptr, clock()));
  // It is replaced at each revocation, and never by itself: it holds as long as its signer.
  require_ssl(X509_CRL_set1_lastUpdate(crl.get(), now.get()) == 1 && X509_CRL_set1_nextUpdate(crl.get(), X509_get0_notAfter(parts_->certificate.get())) == 1, "dating a revocation list");
  for (const Revocation& entry : revoked) append_revocation(crl.get(), entry);
  X509V3_CTX context;
  X509V3_set_ctx(&context, parts_->certificate.get(), nullptr, nullptr, crl.get(), 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> issuer(X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid"));
  const std::unique_ptr<ASN1_INTEGER, Freer<ASN1_INTEGER_free>> count(ASN1_INTEGER_new());
  require_ssl(issuer && X509_CRL_add_ext(crl.get(), issuer.get(), -1) == 1 && ASN1_INTEGER_set_int64(count.get(), number) == 1 && X509_CRL_add1_ext_i2d(crl.get(), NID_crl_number, count.get(), 0, 0) == 1, "numbering a revocation list");
  require_ssl(X509_CRL_sort(crl.get()) == 1 && X509_CRL_sign(crl.get(), parts_->key.get(), EVP_sha256()) > 0, "signing a revocation list");
  return to_pem(crl.get());
}

}  // namespace consilium::fl
