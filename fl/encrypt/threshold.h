#pragma once

#include "fl/encrypt/scaling.h"

namespace consilium::fl {

/// Additive encryption under a key that no one holds: every site has a share of it, all of them are needed to decrypt (n of n), and any one that keeps its
/// share secret keeps every single ciphertext secret.
///
///     key          s_i ternary, e_i;  b_i = -a s_i + e_i, a from a seed that all know;  b = sum of b_i
///     encrypt m    u ternary, e0, e1;  c0 = b u + e0 + round(q m / t),  c1 = a u + e1
///     sum          number by number
///     share        h_i = c1 s_i + f_i, f_i uniform within 2^smudging of what the noise can be
///     decrypt      c0 + sum of h_i = round(q m / t) + noise
///
/// Source: BFV (Fan and Vercauteren, ePrint 2012/144) with the keys and shares of Asharov et al. (EUROCRYPT 2012) and Mouchet et al. (PETS 2021).
struct ThresholdOptions {
  std::int64_t sites = 3;
  int message_bits = 32;   ///< log2 t
  int smudging_bits = 80;  ///< a share tells of its key with statistical distance 2^-smudging_bits per coefficient

  bool operator==(const ThresholdOptions&) const = default;
};

/// What can stand beside a message, in the worst case and not on average: decryption never fails.
struct NoiseBits {
  int sum = 0;       ///< of the sum of one ciphertext per site: below 2^sum
  int smudging = 0;  ///< f_i is uniform in [-2^smudging, 2^smudging)
  int decrypted = 0; ///< of all together: below 2^decrypted
};
NoiseBits noise_bits(const Ring& ring, const ThresholdOptions& options);

struct Ciphertext {
  Polynomial c0, c1;
  bool operator==(const Ciphertext&) const = default;
};

/// What of a ciphertext does not depend on the joint key: u, and c1 = a u + e1. Of one ciphertext only.
struct Ephemeral {
  SecretPolynomial u;
  Polynomial c1;
};

struct KeyPair {
  SecretPolynomial secret;  ///< s_i, in value form
  Polynomial public_share;  ///< b_i
};
struct JointKey {
  Polynomial a, b;
};

class Threshold {
 public:
  /// @throws Error{kRefused} the noise can pass half of q / t; Error{kUsage}. `ring` must outlive it.
  Threshold(const Ring& ring, const ThresholdOptions& options);

  const Ring& ring() const { return *ring_; }
  const ThresholdOptions& options() const { return options_; }
  const Scaling& scaling() const { return scaling_; }
  const NoiseBits& noise() const { return noise_; }

  /// `stream`: of a seed that is kept, where the same key must come again.
  KeyPair make_key(const Polynomial& a, KeyStream stream = {}) const;
  /// @throws Error{kMismatch} not one share for each site, or two alike.
  JointKey join(Polynomial a, std::span<const Polynomial> public_shares) const;
  /// `messages`: scaling().limbs() words for each coefficient.
  Ciphertext encrypt(const JointKey& key, std::span<const std::uint64_t> messages) const { return encrypt(key, make_ephemeral(key.a), messages); }
  /// With a c1 to which somebody may be committed already.
  Ephemeral make_ephemeral(const Polynomial& a) const;
  Ciphertext encrypt(const JointKey& key, Ephemeral ephemeral, std::span<const std::uint64_t> messages) const;
  void add(Ciphertext& sum, const Ciphertext& term) const;
  Polynomial decryption_share(const SecretPolynomial& secret, const Polynomial& c1) const;
  /// The messages of the sum. @throws Error{kRefused} not one share for each site; Error{kCorruptData} as Scaling::take_messages: never garbage.
  std::vector<std::uint64_t> decrypt(Polynomial c0, std::span<const Polynomial> shares) const;

 private:
  const Ring* ring_;
  ThresholdOptions options_;
  Scaling scaling_;
  NoiseBits noise_;
};

}  // namespace consilium::fl
