#include "fl/ledger/signing_key.h"

#include <openssl/err.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/keys.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct SigningKey::Parts {
  Key key;
};

SigningKey::SigningKey(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SigningKey::~SigningKey() = default;  // OpenSSL clears a private key before it frees it
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;

SigningKey SigningKey::open(const fs::path& file) {
  if (!fs::exists(file)) {
    const Key fresh(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    require_ssl(fresh != nullptr, "making an Ed25519 key");
    write_secret_file(file, to_pem(fresh.get()));
  }
  auto parts = std::make_unique<Parts>(parse_private_key(read_file(file, kMostPemBytes), file.string()));
  require(EVP_PKEY_get_base_id(parts->key.get()) == EVP_PKEY_ED25519, ErrorCode::kCorruptData, file.string() + ": is no Ed25519 key");
  return SigningKey(std::move(parts));
}

SigningKey SigningKey::of_seed(std::string_view seed) {
  require(seed.size() == 32, ErrorCode::kUsage, "an Ed25519 key is made of 32 bytes");
  auto parts = std::make_unique<Parts>(Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size())));
  require_ssl(parts->key != nullptr, "making an Ed25519 key");
  return SigningKey(std::move(parts));
}

std::string SigningKey::public_key() const {
  std::string key(32, '\0');
  std::size_t size = key.size();
  require_ssl(EVP_PKEY_get_raw_public_key(parts_->key.get(), reinterpret_cast<unsigned char*>(key.data()), &size) == 1 && size == key.size(), "reading a public key");
  return key;
}

std::string SigningKey::sign(std::string_view bytes) const { return sign_bytes(parts_->key.get(), bytes); }

bool is_signed_by_raw_key(std::string_view public_key, std::string_view bytes, std::string_view signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()));
  ERR_clear_error();
  return key != nullptr && verifies(key.get(), bytes, signature);
}

}  // namespace consilium::fl
