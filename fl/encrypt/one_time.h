#pragma once

#include "fl/encrypt/threshold.h"

namespace consilium::fl {

/// Encryption under a site's own key of one upload: the uniform half of a ciphertext comes from a seed that all sites share, and only the other half travels.
///
///     key          k_i centred binomial, of one upload only
///     block j      c_ij = a_j k_i + e_ij + round(q m_ij / t),  a_j from the seed of the upload
///     sum          sum of c_ij = a_j (sum of k_i) + noise + round(q (sum of m_ij) / t)
///
/// The k_i travel encrypted under the joint key (threshold.h); only their sum is ever decrypted, and opens the sum of the blocks only. It tells of a single k_i, and
/// of a single e_ij, no more than the sum over two or more honest sites does: their widths are chosen such that what is left uncertain has the table's deviation.
/// Source: symmetric ring-LWE encryption with a common a, as Bell et al., ACORN (USENIX Security 2023), and Stevens et al. (USENIX Security 2022); given sums as
/// Kim et al., Hint-MLWE (CRYPTO 2023). docs/cryptography.md.
inline constexpr int kOneTimeWidth = 2 * kErrorWidth;

struct OneTimeKey {
  SecretVector<std::int64_t> small;  ///< coefficients, within kOneTimeWidth of 0
  SecretPolynomial values;           ///< the same in value form
};
OneTimeKey make_one_time_key(const Ring& ring);
/// The key as messages of `threshold`, modulo t. And the sum of such messages as a key that opens sums.
SecretVector<std::uint64_t> to_messages(const Threshold& threshold, const OneTimeKey& key);
/// @throws Error{kCorruptData} a coefficient that no sum of that many keys has.
OneTimeKey sum_of_keys(const Threshold& threshold, std::span<const std::uint64_t> messages);

/// Blocks of the uploads of one round.
class OneTimeCipher {
 public:
  /// @throws Error{kRefused} the noise of so many sites does not fit beside the messages.
  OneTimeCipher(const Ring& ring, std::int64_t sites, int message_bits, const Seed& seed);

  const Scaling& scaling() const { return scaling_; }
  int noise_bits() const { return noise_bits_; }
  /// The greatest message_bits at which the constructor refuses nothing.
  static int most_message_bits(const Ring& ring, std::int64_t sites);

  /// `messages`: scaling().limbs() words for each coefficient; `stream` gives the errors.
  void encrypt(const OneTimeKey& key, std::uint64_t block, std::span<const std::uint64_t> messages, KeyStream& stream, Polynomial& ciphertext) const;
  /// Of the sum over all sites; overwrites it. @throws Error{kCorruptData} as Scaling::take_messages.
  void decrypt(const OneTimeKey& sum_of_keys, std::uint64_t block, Polynomial& sum, std::span<std::uint64_t> messages) const;

 private:
  const Ring* ring_;
  Scaling scaling_;
  Seed seed_;
  int noise_bits_;
};

}  // namespace consilium::fl
