#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fl/privacy/wide.h"
#include "fl/secure/chacha20.h"

namespace consilium::fl {

/// 32 secret bytes from which noise is drawn; wiped when they go.
class NoiseKey {
 public:
  /// From the system's CSPRNG.
  static NoiseKey random();
  /// For tests and repeatable simulations only: whoever knows the seed can take the noise off again.
  static NoiseKey from_seed(std::uint64_t seed, std::string_view purpose);
  /// As held in a file. @throws Error{kCorruptData} other than 32 bytes.
  static NoiseKey from_bytes(std::string_view bytes);
  NoiseKey(const NoiseKey&) = default;
  NoiseKey& operator=(const NoiseKey&) = default;
  ~NoiseKey();

  /// Another key that tells nothing of this one: HMAC-SHA256(this, purpose).
  NoiseKey derive(std::string_view purpose) const;
  /// Which key this is, for records: 32 hexadecimal digits that tell nothing of it.
  std::string name() const;
  const std::array<unsigned char, 32>& bytes() const { return bytes_; }

 private:
  NoiseKey() = default;
  std::array<unsigned char, 32> bytes_{};
};

/// Random bits for noise: ChaCha20 (RFC 8439) under a key that is used for one stream only.
class NoiseStream {
 public:
  explicit NoiseStream(const NoiseKey& key);
  ~NoiseStream();
  NoiseStream(const NoiseStream&) = delete;
  NoiseStream& operator=(const NoiseStream&) = delete;

  std::uint64_t next();
  /// [0, bound), unbiased; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  Wide below(Wide bound);
  bool coin();
  /// (0, 1], 53 bits, and more of them for small values.
  double uniform();
  /// Mean 0, variance 1 (Box and Muller 1958), both values of a pair are used. In double precision: not every real number can come out, which
  /// whoever sees the sum of one such number and a secret may exploit (Mironov 2012, doi:10.1145/2382196.2382264).
  double normal();

 private:
  void refill();
  ChaChaStream bits_;
  std::vector<unsigned char> buffer_;
  std::size_t at_;
  std::uint64_t coins_ = 0;
  int coins_left_ = 0;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace consilium::fl
