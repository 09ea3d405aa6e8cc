#include "fl/secure/chacha20.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstring>

#include "base/error.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kTagBytes = 16;
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Freer<EVP_CIPHER_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

namespace {

Cipher cipher_at(const Secret32& key, const ChaChaNonce& nonce, std::uint32_t counter) {
  std::array<unsigned char, 16> start{};  // OpenSSL takes counter and nonce together, little endian
  for (std::size_t n = 0; n < 4; ++n) start[n] = static_cast<unsigned char>(counter >> (8 * n));
  std::memcpy(start.data() + 4, nonce.data(), nonce.size());
  Cipher cipher(EVP_CIPHER_CTX_new());
  require_ssl(cipher != nullptr && EVP_EncryptInit_ex(cipher.get(), EVP_chacha20(), nullptr, key.data(), start.data()) == 1, "preparing a key stream");
  return cipher;
}

}  // namespace

void chacha20_xor(const Secret32& key, const ChaChaNonce& nonce, std::uint32_t counter, std::span<const unsigned char> in, std::span<unsigned char> out) {
  const Cipher cipher = cipher_at(key, nonce, counter);
  int size = 0;
  require_ssl(EVP_EncryptUpdate(cipher.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) == 1, "making a key stream");
}

void ChaChaStream::Free::operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }

ChaChaStream::ChaChaStream(const Secret32& key, std::uint32_t counter) : cipher_(cipher_at(key, {}, counter).release()) {}

void ChaChaStream::next(std::span<unsigned char> out) {
  std::memset(out.data(), 0, out.size());
  int size = 0;
  require_ssl(EVP_EncryptUpdate(cipher_.get(), out.data(), &size, out.data(), static_cast<int>(out.size())) == 1, "making a key stream");
}

std::string seal_chacha20_poly1305(const Secret32& key, std::string_view bytes, std::string_view associated, const ChaChaNonce& nonce) {
  std::string sealed(bytes.size() + kTagBytes, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0, rest = 0;
  require_ssl(cipher != nullptr && EVP_EncryptInit_ex(cipher.get(), EVP_chacha20_poly1305(), nullptr, key.data(), nonce.data()) == 1 &&
                  EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(associated), static_cast<int>(associated.size())) == 1 &&
                  EVP_EncryptUpdate(cipher.get(), bytes_of(sealed), &size, bytes_of(bytes), static_cast<int>(bytes.size())) == 1 && EVP_EncryptFinal_ex(cipher.get(), bytes_of(sealed) + size, &rest) == 1 &&
                  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, bytes_of(sealed) + bytes.size()) == 1,
              "sealing bytes");
  return sealed;
}

std::optional<std::string> open_chacha20_poly1305(const Secret32& key, std::string_view sealed, std::string_view associated, const ChaChaNonce& nonce) {
  if (sealed.size() < kTagBytes) return std::nullopt;
  const std::string_view cipher_text = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(cipher_text.size())), bytes(cipher_text.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0, rest = 0;
  const bool opened = cipher != nullptr && EVP_DecryptInit_ex(cipher.get(), EVP_chacha20_poly1305(), nullptr, key.data(), nonce.data()) == 1 &&
                      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 && EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(associated), static_cast<int>(associated.size())) == 1 &&
                      EVP_DecryptUpdate(cipher.get(), bytes_of(bytes), &size, bytes_of(cipher_text), static_cast<int>(cipher_text.size())) == 1 && EVP_DecryptFinal_ex(cipher.get(), bytes_of(bytes) + size, &rest) == 1;
  ERR_clear_error();
  if (opened) return bytes;
  const WipeAtEnd wipe(bytes);
  return std::nullopt;
}

}  // namespace consilium::fl
