#pragma once

// Only for .cpp files of fl: it pulls in OpenSSL.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace consilium::fl {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using CertificateRequest = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using Crl = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

inline constexpr std::size_t kMostPemBytes = 1 << 20;
inline constexpr std::size_t kMostCrlBytes = 16 << 20;  ///< some 200,000 revocations

/// @throws Error{kUnexpected} with OpenSSL's own reason.
void require_ssl(bool good, const std::string& what);

Key make_p256_key();

/// The first block of its kind in `pem`. Nothing asks for a passphrase. @throws Error{kCorruptData} naming `origin`.
Certificate parse_x509(std::string_view pem, const std::string& origin);
Key parse_private_key(std::string_view pem, const std::string& origin);
CertificateRequest parse_x509_request(std::string_view pem, const std::string& origin);
Crl parse_x509_crl(std::string_view pem, const std::string& origin);

std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* private_key);
std::string to_pem(X509_REQ* request);
std::string to_pem(X509_CRL* crl);

std::string serial_of(const ASN1_INTEGER* serial);               ///< lower-case hexadecimal, without leading zeros
std::int64_t seconds_of(const ASN1_TIME* time);                  ///< since 1970. @throws Error{kCorruptData}
std::string subject_field(const X509_NAME* subject, int id);     ///< UTF-8; empty when it is not there
std::string public_key_der(EVP_PKEY* key);                       ///< SubjectPublicKeyInfo
std::string sha256_hex(std::string_view bytes);
/// @throws Error{kCorruptData} naming `where`: not hexadecimal, or not `size` bytes.
std::string from_hex(std::string_view text, std::size_t size, const std::string& where);

/// By the key's own kind (fl/signature.h).
std::string sign_bytes(EVP_PKEY* key, std::string_view bytes);
bool verifies(EVP_PKEY* key, std::string_view bytes, std::string_view signature);

/// Why `certificate` does not pass as signed by `authority`, at this time and for this purpose (X509_PURPOSE_...); empty when it does. Without
/// a time none is looked at: for checks in which time has words of its own.
std::string chain_fault(X509* certificate, X509* authority, int purpose, std::optional<std::int64_t> now = std::nullopt);

void add_subject(X509_NAME* subject, const char* field, const std::string& value);

}  // namespace consilium::fl
