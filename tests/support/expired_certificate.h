#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace consilium::test {

/// Writes NAME.crt in `folder` anew, as it was but ended an hour ago, signed by the authority there. What time does, in no time.
inline void expire_certificate(const std::filesystem::path& folder, const std::string& name) {
  const auto memory = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free_all)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())),
                                                         &BIO_free_all);
  };
  const std::string secret = read_file(folder / "ca.key"), pem = read_file(folder / (name + ".crt"));
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(memory(secret).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, nullptr, nullptr),
                                                                &X509_free);
  require(key && certificate, ErrorCode::kUnexpected, "no certificate to expire");
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -3600);
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, ErrorCode::kUnexpected, "signing failed");
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), &BIO_free_all);
  PEM_write_bio_X509(out.get(), certificate.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  write_file(folder / (name + ".crt"), std::string_view(bytes, static_cast<std::size_t>(size)));
}

}  // namespace consilium::test
