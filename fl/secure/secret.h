#pragma once

#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace consilium::fl {

/// Bytes that are wiped when nobody needs them any more, and compared in constant time. Never printed.
template <std::size_t Size>
class SecretBytes {
 public:
  SecretBytes() = default;
  /// @pre bytes.size() == Size
  explicit SecretBytes(std::string_view bytes) { std::memcpy(bytes_.data(), bytes.data(), Size); }
  SecretBytes(const SecretBytes&) = default;
  SecretBytes& operator=(const SecretBytes&) = default;
  ~SecretBytes() { OPENSSL_cleanse(bytes_.data(), Size); }

  unsigned char* data() { return bytes_.data(); }
  const unsigned char* data() const { return bytes_.data(); }
  static constexpr std::size_t size() { return Size; }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), Size}; }
  bool operator==(const SecretBytes& other) const { return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), Size) == 0; }

 private:
  std::array<unsigned char, Size> bytes_{};
};

using Secret32 = SecretBytes<32>;

/// Wipes a string's bytes with its scope.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& bytes) : bytes_(bytes) {}
  ~WipeAtEnd() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  WipeAtEnd(const WipeAtEnd&) = delete;

 private:
  std::string& bytes_;
};

}  // namespace consilium::fl
