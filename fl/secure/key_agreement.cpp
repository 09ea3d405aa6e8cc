#include "fl/secure/key_agreement.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

using Agreement = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;

Key private_key_of(const Secret32& bytes) {
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, bytes.data(), bytes.size()));
  require_ssl(key != nullptr, "reading an X25519 key");
  return key;
}

}  // namespace

std::string x25519_public_key(const Secret32& private_key) {
  const Key key = private_key_of(private_key);
  std::string bytes(32, '\0');
  std::size_t size = bytes.size();
  require_ssl(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1 && size == 32, "making an X25519 key");
  return bytes;
}

Secret32 x25519_shared_secret(const Secret32& private_key, std::string_view other_public_key) {
  require(other_public_key.size() == 32, ErrorCode::kCorruptData, "a public key of " + std::to_string(other_public_key.size()) + " bytes");
  const Key own = private_key_of(private_key);
  const Key other(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, reinterpret_cast<const unsigned char*>(other_public_key.data()), other_public_key.size()));
  const Agreement agreement(EVP_PKEY_CTX_new(own.get(), nullptr));
  require_ssl(other != nullptr && agreement != nullptr && EVP_PKEY_derive_init(agreement.get()) == 1, "preparing a key agreement");
  Secret32 shared;
  std::size_t size = shared.size();
  // OpenSSL refuses points of small order, whose secret is zero.
  const bool agreed = EVP_PKEY_derive_set_peer(agreement.get(), other.get()) == 1 && EVP_PKEY_derive(agreement.get(), shared.data(), &size) == 1 && size == shared.size() && !(shared == Secret32());
  ERR_clear_error();
  require(agreed, ErrorCode::kCorruptData, "a public key that agrees with nobody");
  return shared;
}

}  // namespace consilium::fl
