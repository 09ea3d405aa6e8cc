#include "fl/x509.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "fl/wire/chunks.h"

namespace consilium::fl {
namespace {

/// OpenSSL would ask the terminal for the passphrase of an encrypted file, and wait.
int no_passphrase(char*, int, int, void*) { return -1; }

/// `read` is one of OpenSSL's PEM_read_bio_...
template <typename Owner, typename Read>
Owner parse(std::string_view pem, const std::string& origin, const char* kind, Read read, std::size_t most_bytes = kMostPemBytes) {
  require(pem.size() <= most_bytes, ErrorCode::kCorruptData,
          origin + ": has " + std::to_string(pem.size()) + " bytes, too many for a " + kind);
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Owner owner(read(memory.get(), nullptr, &no_passphrase, nullptr));
  ERR_clear_error();
  require(owner != nullptr, ErrorCode::kCorruptData, origin + ": is no PEM " + kind);
  return owner;
}

template <typename Write>
std::string write_pem(const char* what, Write write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require_ssl(memory != nullptr && write(memory.get()) == 1, std::string("writing a ") + what);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

void require_ssl(bool good, const std::string& what) {
  if (good) return;
  char reason[256] = "unknown reason";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, reason, sizeof reason);
  ERR_clear_error();
  throw Error(ErrorCode::kUnexpected, what + ": " + reason);
}

Key make_p256_key() {
  Key key(EVP_EC_gen("P-256"));
  require_ssl(key != nullptr, "making a key");
  return key;
}

Certificate parse_x509(std::string_view pem, const std::string& origin) {
  return parse<Certificate>(pem, origin, "certificate", PEM_read_bio_X509);
}
Key parse_private_key(std::string_view pem, const std::string& origin) {
  return parse<Key>(pem, origin, "key without a passphrase", PEM_read_bio_PrivateKey);
}
CertificateRequest parse_x509_request(std::string_view pem, const std::string& origin) {
  return parse<CertificateRequest>(pem, origin, "certificate request", PEM_read_bio_X509_REQ);
}
Crl parse_x509_crl(std::string_view pem, const std::string& origin) {
  return parse<Crl>(pem, origin, "revocation list", PEM_read_bio_X509_CRL, kMostCrlBytes);
}

std::string to_pem(X509* certificate) {
  return write_pem("certificate", [&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}
std::string to_pem(EVP_PKEY* key) {
  return write_pem("key", [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
}
std::string to_pem(X509_REQ* request) {
  return write_pem("certificate request", [&](BIO* out) { return PEM_write_bio_X509_REQ(out, request); });
}
std::string to_pem(X509_CRL* crl) {
  return write_pem("revocation list", [&](BIO* out) { return PEM_write_bio_X509_CRL(out, crl); });
}

std::string serial_of(const ASN1_INTEGER* serial) {
  std::string bytes(static_cast<const char*>(static_cast<const void*>(ASN1_STRING_get0_data(serial))),
                    static_cast<std::size_t>(ASN1_STRING_length(serial)));
  std::string text = to_hexadecimal(bytes);
  const std::size_t first = text.find_first_not_of('0');
  return first == std::string::npos ? "0" : text.substr(first);
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  const bool good = time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1;
  ERR_clear_error();
  require(good, ErrorCode::kCorruptData, "a certificate's validity is no time");
  return timegm(&parts);
}

std::string subject_field(const X509_NAME* subject, int id) {
  const int index = X509_NAME_get_index_by_NID(subject, id, -1);
  if (index < 0) return "";
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  ERR_clear_error();
  if (size < 0) return "";
  std::string text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::string public_key_der(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PUBKEY(key, &bytes);
  require_ssl(size > 0, "writing a public key");
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string sha256_hex(std::string_view bytes) {
  return to_hexadecimal(sha256(bytes));
}

std::string from_hex(std::string_view text, std::size_t size, const std::string& where) {
  require(text.size() == 2 * size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos, ErrorCode::kCorruptData,
          where + ": expected " + std::to_string(2 * size) + " hexadecimal digits");
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t n = 0; n < size; ++n) bytes += static_cast<char>(16 * digit(text[2 * n]) + digit(text[2 * n + 1]));
  return bytes;
}

std::string chain_fault(X509* certificate, X509* authority, int purpose, std::optional<std::int64_t> now) {
  const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> trusted(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  require_ssl(trusted && context && X509_STORE_add_cert(trusted.get(), authority) == 1 &&
                  X509_STORE_CTX_init(context.get(), trusted.get(), certificate, nullptr) == 1 &&
                  X509_STORE_CTX_set_purpose(context.get(), purpose) == 1,
              "checking a certificate");
  if (now) X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), *now);
  else X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()), X509_V_FLAG_NO_CHECK_TIME);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int reason = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return good ? "" : X509_verify_cert_error_string(reason);
}

void add_subject(X509_NAME* subject, const char* field, const std::string& value) {
  require_ssl(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                         static_cast<int>(value.size()), -1, 0) == 1,
              "writing a certificate's subject");
}

}  // namespace consilium::fl
