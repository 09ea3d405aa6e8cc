#include "fl/enrol/token.h"

#include <openssl/err.h>

#include "base/error.h"
#include "fl/unpredictable.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kTokenBytes = 32, kPublicBytes = 32, kSignatureBytes = 64;
using Digest = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Key key_of(const std::string& token) {
  require(token.size() == kTokenBytes, ErrorCode::kCorruptData, "an invitation's token has 32 bytes, not " + std::to_string(token.size()));
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(token), token.size()));
  require_ssl(key != nullptr, "reading a token");
  return key;
}

std::string public_half(EVP_PKEY* key) {
  std::string half(kPublicBytes, '\0');
  std::size_t size = half.size();
  require_ssl(EVP_PKEY_get_raw_public_key(key, bytes_of(half), &size) == 1 && size == kPublicBytes, "reading a token");
  return half;
}

/// No other signature of this key can be taken for one of these.
std::string statement(const std::string& public_key_der) { return "consilium enrolment 1\n" + public_key_der; }

}  // namespace

std::string make_token() {
  return unpredictable_bytes(kTokenBytes);
}

std::string token_fingerprint(const std::string& token) { return sha256_hex(public_half(key_of(token).get())); }

std::string sign_with_token(const std::string& token, const std::string& public_key_der) {
  const Key key = key_of(token);
  const Digest digest(EVP_MD_CTX_new());
  const std::string text = statement(public_key_der);
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  require_ssl(digest && EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                  EVP_DigestSign(digest.get(), bytes_of(signature), &size, bytes_of(text), text.size()) == 1 && size == kSignatureBytes,
              "signing with a token");
  return public_half(key.get()) + signature;
}

std::string prover_of(const std::string& proof, const std::string& public_key_der) {
  require(proof.size() == kPublicBytes + kSignatureBytes, ErrorCode::kRefused, "the request carries no proof of an invitation");
  const std::string half = proof.substr(0, kPublicBytes), signature = proof.substr(kPublicBytes), text = statement(public_key_der);
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(half), half.size()));
  const Digest digest(EVP_MD_CTX_new());
  const bool good = key && digest && EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  require(good, ErrorCode::kRefused, "the request's proof of an invitation does not belong to its key");
  return sha256_hex(half);
}

}  // namespace consilium::fl
