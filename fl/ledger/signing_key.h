#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace consilium::fl {

/// An Ed25519 key of which nobody outside this object learns the private part. Source: RFC 8032.
class SigningKey {
 public:
  /// Reads the key (PEM), or makes one and leaves it there for its owner only. @throws Error{kCorruptData} what is there is no Ed25519 key; Error{kCannotWrite}
  static SigningKey open(const std::filesystem::path& file);
  /// Of a 32-byte seed, as RFC 8032 writes private keys. @throws Error{kUsage}
  static SigningKey of_seed(std::string_view seed);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;

  std::string public_key() const;                    ///< 32 bytes
  std::string sign(std::string_view bytes) const;    ///< 64 bytes

 private:
  struct Parts;
  explicit SigningKey(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// `public_key`: the 32 bytes of an Ed25519 key; others sign nothing.
bool is_signed_by_raw_key(std::string_view public_key, std::string_view bytes, std::string_view signature);

}  // namespace consilium::fl
