#pragma once

#include <functional>

#include "fl/compress/byte_source.h"
#include "fl/encrypt/one_time.h"
#include "fl/encrypt/slots.h"

namespace consilium::fl {

/// All that those who encrypt one vector, add and open it must agree on.
struct VectorTerms {
  std::int64_t sites = 3;
  std::uint64_t values = 0;  ///< of the vector
  Slots slots{};
  int smudging_bits = 80;
  std::string context;       ///< what the vector is (run, round, joint key): another context has another seed, and no use for these bytes

  bool operator==(const VectorTerms&) const = default;
};

/// A vector of integers, encrypted in blocks under a one-time key, which goes in front under the joint key. One at a time is in memory, per thread.
///
///     "CNSLHE1\n" | digest of the terms, 32 bytes | key: c0, c1 | blocks, each Ring::encoded_bytes()
class VectorCipher {
 public:
  /// Bytes of one vector and sums of them. `ring` must outlive it. @throws Error{kRefused} the noise does not fit; Error{kUsage}.
  VectorCipher(const Ring& ring, const VectorTerms& terms);

  const VectorTerms& terms() const { return terms_; }
  const Threshold& threshold() const { return threshold_; }
  std::uint64_t blocks() const { return (terms_.values + values_per_block() - 1) / values_per_block(); }
  std::uint64_t values_per_block() const { return threshold_.ring().size() * static_cast<std::uint64_t>(terms_.slots.per_message); }
  std::uint64_t encoded_bytes() const { return kHeadBytes + (2 + blocks()) * threshold_.ring().encoded_bytes(); }

  /// `fill(first, values)` gives the numbers from `first` on, from any number of threads; `write` takes the bytes in order.
  using Fill = std::function<void(std::uint64_t first, std::span<std::int64_t> values)>;
  using Write = std::function<void(std::string_view bytes)>;
  void encrypt(const JointKey& key, const Fill& fill, const Write& write) const { encrypt(key, threshold_.make_ephemeral(key.a), fill, write); }
  void encrypt(const JointKey& key, Ephemeral ephemeral, const Fill& fill, const Write& write) const;

  /// @throws Error{kCorruptData} another length, another beginning; Error{kMismatch} other terms.
  void require_encrypted(const ByteSource& bytes) const;
  /// The one-time key of a vector, encrypted. @throws Error{kCorruptData}
  Ciphertext key_of(const ByteSource& bytes) const;
  /// Adds the vectors of all sites and opens the sum: `take(first, values)` in order.
  /// @throws Error{kRefused} not one vector for each site; Error{kCorruptData} these are not the vectors whose keys were added.
  using Take = std::function<void(std::uint64_t first, std::span<const std::int64_t> values)>;
  void open_sum(const OneTimeKey& sum_of_keys, std::span<const ByteSource> vectors, const Take& take) const;

 private:
  static constexpr std::size_t kHeadBytes = 40;
  std::string head() const;
  std::span<std::int64_t> values_of(std::uint64_t block, std::span<std::int64_t> values) const;

  VectorTerms terms_;
  Threshold threshold_;
  OneTimeCipher cipher_;
};

}  // namespace consilium::fl
