#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fl/secure/secret.h"

struct evp_cipher_ctx_st;
using EVP_CIPHER_CTX = evp_cipher_ctx_st;

namespace consilium::fl {

inline constexpr std::size_t kChaChaBlockBytes = 64;
using ChaChaNonce = std::array<unsigned char, 12>;

/// out = in xor the key stream from block `counter` on; `in` and `out` may be the same. Source: RFC 8439, section 2.4.
void chacha20_xor(const Secret32& key, const ChaChaNonce& nonce, std::uint32_t counter, std::span<const unsigned char> in, std::span<unsigned char> out);

/// The key stream of a key with nonce zero, from a block on, piece by piece: pieces of whole blocks, but for the last.
class ChaChaStream {
 public:
  ChaChaStream(const Secret32& key, std::uint32_t counter);
  void next(std::span<unsigned char> out);

 private:
  struct Free {
    void operator()(EVP_CIPHER_CTX* cipher) const;
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> cipher_;
};

/// Ciphertext and its tag of 16 bytes. A key is used for one message only: the nonce is zero. Source: RFC 8439, section 2.8.
std::string seal_chacha20_poly1305(const Secret32& key, std::string_view bytes, std::string_view associated, const ChaChaNonce& nonce = {});
/// Nothing, if the bytes, their associated ones, or the key are others than those that were sealed.
std::optional<std::string> open_chacha20_poly1305(const Secret32& key, std::string_view sealed, std::string_view associated, const ChaChaNonce& nonce = {});

}  // namespace consilium::fl
