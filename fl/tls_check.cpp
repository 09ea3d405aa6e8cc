#include "fl/tls_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

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
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

Memory memory_of(const std::string& pem) { return Memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

Certificate certificate_of(const std::string& pem, const fs::path& file) {
  Certificate certificate(PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  require(certificate != nullptr, ErrorCode::kCorruptData, file.string() + ": is no PEM certificate");
  return certificate;
}

void require_own_key(X509* certificate, const std::string& pem, const TlsFiles& files) {
  // No prompt: a key with a passphrase cannot be used by a program that restarts on its own.
  const auto refuse_passphrase = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(
      PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, refuse_passphrase, nullptr));
  ERR_clear_error();
  require(key != nullptr, ErrorCode::kCorruptData, files.key.string() + ": is no PEM key without a passphrase");
  const bool own = X509_check_private_key(certificate, key.get()) == 1;
  ERR_clear_error();
  require(own, ErrorCode::kMismatch, files.key.string() + ": is not the key of " + files.certificate.string());
}

void require_signed(X509* certificate, X509* authority, Role role, const TlsFiles& files) {
  const std::unique_ptr<X509_STORE, Freer<X509_STORE_free>> trusted(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  require(trusted && context && X509_STORE_add_cert(trusted.get(), authority) == 1 &&
              X509_STORE_CTX_init(context.get(), trusted.get(), certificate, nullptr) == 1,
          ErrorCode::kUnexpected, "a certificate could not be checked");
  X509_STORE_CTX_set_purpose(context.get(), role == Role::kCoordinator ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  const bool good = X509_verify_cert(context.get()) == 1;
  const int reason = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  require(good, ErrorCode::kRefused,
          files.certificate.string() + ": does not pass with the authority in " + files.authority.string() + ": " +
              X509_verify_cert_error_string(reason));
}

}  // namespace

TlsPems read_tls_files(const TlsFiles& files, Role role, const std::string& name) {
  constexpr std::uint64_t kLimit = 1 << 20;
  TlsPems pems{read_file(files.authority, kLimit), read_file(files.certificate, kLimit), read_file(files.key, kLimit)};
  const Certificate authority = certificate_of(pems.authority, files.authority),
                    own = certificate_of(pems.certificate, files.certificate);
  const CertificateSummary summary = parse_certificate(pems.certificate, files.certificate.string());
  require(!summary.expired, ErrorCode::kRefused,
          files.certificate.string() + ": expired on " + summary.not_after + "; issue a new one with consilium keys issue");
  require(summary.role == to_string(role), ErrorCode::kRefused,
          files.certificate.string() + ": is the certificate of a " + (summary.role.empty() ? "authority" : summary.role) +
              ", not of a " + std::string(to_string(role)));
  require(summary.name == name, ErrorCode::kMismatch,
          files.certificate.string() + ": is the certificate of \"" + summary.name + "\", not of \"" + name + "\"");
  require_signed(own.get(), authority.get(), role, files);
  require_own_key(own.get(), pems.key, files);
  return pems;
}

}  // namespace consilium::fl
