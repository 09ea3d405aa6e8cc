#pragma once

#include <cstdint>
#include <vector>

namespace consilium::fl {

using Wide = unsigned __int128;

/// A factor that many numbers are multiplied by, with floor(value 2^64 / p): one multiplication less each time.
/// Source: V. Shoup's trick as in D. Harvey, Faster arithmetic for number-theoretic transforms, J. Symb. Comput. 60 (2014).
struct Factor {
  std::uint64_t value = 0;
  std::uint64_t quotient = 0;
};

/// Arithmetic modulo a prime below 2^61. Operands lie in [0, p) unless said otherwise. No operation branches on an operand or divides by it.
class Modulus {
 public:
  /// @throws Error{kUsage} not a prime between 3 and 2^61.
  explicit Modulus(std::uint64_t prime);

  std::uint64_t prime() const { return prime_; }
  std::uint64_t add(std::uint64_t a, std::uint64_t b) const { return reduce_once(a + b); }
  std::uint64_t subtract(std::uint64_t a, std::uint64_t b) const { return reduce_once(a + prime_ - b); }
  std::uint64_t multiply(std::uint64_t a, std::uint64_t b) const { return reduce(static_cast<Wide>(a) * b); }
  std::uint64_t multiply(std::uint64_t a, const Factor& factor) const { return reduce_once(multiply_lazily(a, factor)); }
  /// In [0, 2p); `a` may be any 64-bit number.
  std::uint64_t multiply_lazily(std::uint64_t a, const Factor& factor) const {
    return a * factor.value - static_cast<std::uint64_t>((static_cast<Wide>(a) * factor.quotient) >> 64) * prime_;
  }
  /// Any 128-bit number, by Barrett's reduction.
  std::uint64_t reduce(Wide a) const;
  /// a in [0, 2p) -> [0, p).
  std::uint64_t reduce_once(std::uint64_t a) const {
    const std::uint64_t less = a - prime_;
    return less + (prime_ & (0 - (less >> 63)));
  }
  std::uint64_t power(std::uint64_t base, std::uint64_t exponent) const;  ///< of public numbers
  std::uint64_t inverse(std::uint64_t a) const { return power(a, prime_ - 2); }
  Factor factor(std::uint64_t value) const { return {value, static_cast<std::uint64_t>((static_cast<Wide>(value) << 64) / prime_)}; }
  /// |a| < 2^61 or so -> its residue.
  std::uint64_t from_signed(std::int64_t a) const {
    const auto sign = static_cast<std::uint64_t>(a >> 63);
    const std::uint64_t rest = reduce((static_cast<std::uint64_t>(a) ^ sign) - sign);
    return reduce_once((rest & ~sign) | ((prime_ - rest) & sign));
  }

 private:
  std::uint64_t prime_;
  std::uint64_t ratio_high_, ratio_low_;  // floor(2^128 / p)
};

/// Deterministic for every 64-bit number: Miller-Rabin with the first twelve primes (Sorenson and Webster, arXiv:1509.00864).
bool is_prime(std::uint64_t candidate);
/// The `count` greatest primes below 2^bits that are 1 modulo 2 `ring_size`: over those x^N + 1 splits into linear factors.
/// @throws Error{kUsage} there are not so many.
std::vector<std::uint64_t> greatest_ntt_primes(int bits, std::size_t count, std::size_t ring_size);

}  // namespace consilium::fl
