#include "fl/keys.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

constexpr std::size_t kMostCertificateBytes = 1 << 20;

void check(bool good, const std::string& what) {
  if (good) return;
  char reason[256] = "unknown reason";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, reason, sizeof reason);
  throw Error(ErrorCode::kUnexpected, what + ": " + reason);
}

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "making a key");
  return key;
}

void add_entry(X509_NAME* name, const char* field, const std::string& value) {
  check(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()), -1, 0) == 1, "writing a certificate's subject");
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  check(extension != nullptr, "writing a certificate's extension");
  check(X509_add_ext(certificate, extension.get(), -1) == 1, "writing a certificate's extension");
}

Certificate start_certificate(EVP_PKEY* key, int valid_days) {
  Certificate certificate(X509_new());
  check(certificate != nullptr && X509_set_version(certificate.get(), 2) == 1, "making a certificate");
  unsigned char serial[16];
  check(RAND_bytes(serial, sizeof serial) == 1, "drawing a serial number");
  serial[0] &= 0x7F;  // positive
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  check(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr, "writing a serial number");
  // A little in the past: hospital clocks differ.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * valid_days);
  check(X509_set_pubkey(certificate.get(), key) == 1, "making a certificate");
  return certificate;
}

void write_secret(const fs::path& path, EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing a key");
  const mode_t before = umask(0077);  // from its first byte on, nobody else may read it
  try {
    write_file(path, text_of(memory.get()));
  } catch (const Error&) {
    umask(before);
    throw;
  }
  umask(before);
}

void write_certificate(const fs::path& path, X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(memory.get(), certificate) == 1, "writing a certificate");
  write_file(path, text_of(memory.get()));
}

/// OpenSSL would ask the terminal for the passphrase of an encrypted file, and wait.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate read_certificate(std::string_view pem, const std::string& origin) {
  require(pem.size() <= kMostCertificateBytes, ErrorCode::kCorruptData, origin + ": has " + std::to_string(pem.size()) + " bytes, too many for a certificate");
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, &no_passphrase, nullptr));
  ERR_clear_error();
  require(certificate != nullptr, ErrorCode::kCorruptData, origin + ": is no PEM certificate");
  return certificate;
}

std::string subject_field(X509* certificate, int id) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(name, id, -1);
  if (index < 0) return "";
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return "";
  std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

bool is_address(const std::string& host) { return host.find(':') != std::string::npos || host.find_first_not_of("0123456789.") == std::string::npos; }

void require_plain(const std::string& name) {
  const bool plain = !name.empty() && name.size() <= 64 && name != "ca" && name[0] != '.' && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
  require(plain, ErrorCode::kUsage, "\"" + name + "\" is no name for a certificate: up to 64 letters, digits, '_', '-' and '.', and not \"ca\"");
}

}  // namespace

std::string_view to_string(Role role) { return role == Role::kCoordinator ? "coordinator" : "site"; }

TlsFiles tls_files(const fs::path& folder, const std::string& name) { return {folder / "ca.crt", folder / (name + ".crt"), folder / (name + ".key")}; }

void init_authority(const fs::path& folder, const AuthorityOptions& options) {
  require(!fs::exists(folder / "ca.key") && !fs::exists(folder / "ca.crt"), ErrorCode::kCannotWrite, folder.string() + ": holds an authority already; its sites trust it, so it is not replaced");
  require(options.valid_days > 0 && options.valid_days <= 36500, ErrorCode::kUsage, "valid_days: expected 1 to 36500");
  const Key key = make_key();
  const Certificate certificate = start_certificate(key.get(), options.valid_days);
  add_entry(X509_get_subject_name(certificate.get()), "CN", options.federation);
  check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1, "making a certificate");
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
  check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "signing a certificate");
  make_folder(folder);
  write_secret(folder / "ca.key", key.get());
  write_certificate(folder / "ca.crt", certificate.get());
}

void issue_certificate(const fs::path& folder, const std::string& name, const CertificateOptions& options) {
  require_plain(name);
  require(options.role == Role::kSite || !options.hosts.empty(), ErrorCode::kUsage, "a coordinator's certificate names the hosts at which it is reached");
  require(options.valid_days > 0 && options.valid_days <= 36500, ErrorCode::kUsage, "valid_days: expected 1 to 36500");
  require(fs::exists(folder / "ca.key"), ErrorCode::kNotFound, (folder / "ca.key").string() + ": no authority here; make one with consilium keys init");
  const TlsFiles files = tls_files(folder, name);
  require(!fs::exists(files.certificate) && !fs::exists(files.key), ErrorCode::kCannotWrite, files.certificate.string() + ": \"" + name + "\" has a certificate already");
  const std::string secret = read_file(folder / "ca.key", 1 << 20);
  const Memory memory(BIO_new_mem_buf(secret.data(), static_cast<int>(secret.size())));
  const Key authority_key(PEM_read_bio_PrivateKey(memory.get(), nullptr, &no_passphrase, nullptr));
  require(authority_key != nullptr, ErrorCode::kCorruptData, (folder / "ca.key").string() + ": is no PEM key");
  const Certificate authority = read_certificate(read_file(folder / "ca.crt", kMostCertificateBytes), (folder / "ca.crt").string());
  const Key key = make_key();
  const Certificate certificate = start_certificate(key.get(), options.valid_days);
  add_entry(X509_get_subject_name(certificate.get()), "CN", name);
  add_entry(X509_get_subject_name(certificate.get()), "OU", std::string(to_string(options.role)));
  check(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get())) == 1, "making a certificate");
  add_extension(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), authority.get(), NID_ext_key_usage, options.role == Role::kCoordinator ? "serverAuth" : "clientAuth");
  add_extension(certificate.get(), authority.get(), NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid");
  std::string hosts;
  for (const std::string& host : options.hosts) {
    require(!host.empty() && host.find_first_of(",\n ") == std::string::npos, ErrorCode::kUsage, "\"" + host + "\" is no host name");
    hosts += (hosts.empty() ? "" : ",") + std::string(is_address(host) ? "IP:" : "DNS:") + host;
  }
  if (!hosts.empty()) add_extension(certificate.get(), authority.get(), NID_subject_alt_name, hosts);
  check(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0, "signing a certificate");
  write_secret(files.key, key.get());
  write_certificate(files.certificate, certificate.get());
}

CertificateSummary parse_certificate(std::string_view pem, const std::string& origin) {
  const Certificate certificate = read_certificate(pem, origin);
  CertificateSummary summary;
  summary.name = subject_field(certificate.get(), NID_commonName);
  summary.role = subject_field(certificate.get(), NID_organizationalUnitName);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  check(X509_digest(certificate.get(), EVP_sha256(), hash, &size) == 1, "computing a fingerprint");
  for (unsigned int n = 0; n < size; ++n) {
    constexpr char kDigits[] = "0123456789abcdef";
    summary.fingerprint += kDigits[hash[n] >> 4];
    summary.fingerprint += kDigits[hash[n] & 15];
  }
  std::tm time{};
  require(ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) == 1, ErrorCode::kCorruptData, origin + ": its end of validity is no time");
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &time);
  summary.not_after = text;
  summary.expired = X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0;
  return summary;
}

std::vector<CertificateSummary> list_certificates(const fs::path& folder) {
  require(fs::is_directory(folder), ErrorCode::kNotFound, folder.string() + ": no such folder");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".crt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<CertificateSummary> summaries;
  for (const fs::path& file : files) summaries.push_back(parse_certificate(read_file(file, kMostCertificateBytes), file.string()));
  return summaries;
}

}  // namespace consilium::fl
