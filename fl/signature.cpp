#include "fl/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "fl/known_certificate.h"

namespace consilium::fl {
namespace {

using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Ed25519 hashes by itself.
const EVP_MD* digest_for(EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  require(kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_EC, ErrorCode::kUnsupported, "a key that signs neither by Ed25519 nor by ECDSA");
  return kind == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

Key public_key_of(std::string_view pem) {
  if (pem.find("BEGIN CERTIFICATE") != std::string_view::npos) return Key(X509_get_pubkey(known_certificate(pem, "a signer's certificate")->certificate.get()));
  const Memory in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

SigningKeys pems_of(const Key& key) {
  require_ssl(key != nullptr, "making a key for signatures");
  const Memory out(BIO_new(BIO_s_mem()));
  require_ssl(PEM_write_bio_PUBKEY(out.get(), key.get()) == 1, "writing a public key");
  const char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {to_pem(key.get()), std::string(bytes, static_cast<std::size_t>(size))};
}

}  // namespace

std::string sign_bytes(EVP_PKEY* key, std::string_view bytes) {
  const Digest digest(EVP_MD_CTX_new());
  std::size_t size = 0;
  require_ssl(digest != nullptr && EVP_DigestSignInit(digest.get(), nullptr, digest_for(key), nullptr, key) == 1 && EVP_DigestSign(digest.get(), nullptr, &size, bytes_of(bytes), bytes.size()) == 1, "preparing a signature");
  std::string signature(size, '\0');
  require_ssl(EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(bytes), bytes.size()) == 1, "signing");
  signature.resize(size);
  return signature;
}

bool verifies(EVP_PKEY* key, std::string_view bytes, std::string_view signature) {
  const Digest digest(EVP_MD_CTX_new());
  require_ssl(digest != nullptr && EVP_DigestVerifyInit(digest.get(), nullptr, digest_for(key), nullptr, key) == 1, "preparing to check a signature");
  const bool good = EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
  ERR_clear_error();
  return good;
}

std::string sign(std::string_view key_pem, std::string_view bytes) { return sign_bytes(parse_private_key(key_pem, "a signer's key").get(), bytes); }

bool is_signed(std::string_view public_pem, std::string_view bytes, std::string_view signature) {
  const Key key = public_key_of(public_pem);
  require(key != nullptr, ErrorCode::kCorruptData, "a signer's public key that is none");
  return verifies(key.get(), bytes, signature);
}

SigningKeys make_ed25519_keys() { return pems_of(Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"))); }

SigningKeys ed25519_keys_of(std::string_view private_key) { return pems_of(Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(private_key), private_key.size()))); }

std::string raw_public_key(std::string_view public_pem) {
  const Key key = public_key_of(public_pem);
  std::string bytes(32, '\0');
  std::size_t size = bytes.size();
  const bool raw = key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1 && size == bytes.size();
  ERR_clear_error();
  require(raw, ErrorCode::kUnsupported, "a public key that is not of 32 bytes");
  return bytes;
}

}  // namespace consilium::fl
