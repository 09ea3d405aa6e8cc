#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "fl/encrypt/wiped.h"

namespace consilium::fl {

using Seed = std::array<std::uint8_t, 32>;
/// SHA-256 of `purpose`, a zero byte and `bytes`: seeds of different purposes have nothing to do with one another.
Seed derive_seed(std::string_view purpose, std::string_view bytes);

/// Bytes of ChaCha20 (fl/secure/chacha20), for secrets under a key that the system's generator made, for public randomness under a seed that all know. The
/// key and what is left of the bytes are overwritten at the end.
class KeyStream {
 public:
  /// Bytes that nobody can repeat.
  KeyStream();
  /// The bytes that `seed` and `number` stand for: the same everywhere.
  KeyStream(const Seed& seed, std::uint64_t number);

  void fill(std::span<std::uint8_t> bytes);
  std::uint64_t word() {
    if (next_ == kWords) refill();
    return buffer_[next_++];
  }

 private:
  static constexpr std::size_t kWords = 512;
  void refill();

  SecretVector<std::uint8_t> key_;
  std::uint64_t number_ = 0;
  std::uint64_t blocks_ = 0;
  SecretVector<std::uint64_t> buffer_;
  std::size_t next_ = kWords;
};

}  // namespace consilium::fl
