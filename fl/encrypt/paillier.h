#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <span>
#include <vector>

namespace consilium::fl {

/// A public key: n = p q, with g = n + 1.
///
///     encrypt m   c = (1 + m n) r^n mod n^2,  r in Z_n^*
///     add         c c' mod n^2;  times k: c^k mod n^2
///
/// Source: P. Paillier, EUROCRYPT 1999, scheme 1, with g = n + 1 as Damgard and Jurik, PKC 2001, section 3.
class PaillierPublicKey {
 public:
  /// @throws Error{kCorruptData} n is even or has fewer than 2 bits.
  explicit PaillierPublicKey(mpz_class n);

  const mpz_class& n() const { return n_; }
  std::size_t bits() const { return mpz_sizeinbase(n_.get_mpz_t(), 2); }
  /// `message` in [0, n). @throws Error{kUsage}
  mpz_class encrypt(const mpz_class& message) const;
  /// With a given r, for known answers. @throws Error{kUsage} r is not in Z_n^*.
  mpz_class encrypt(const mpz_class& message, const mpz_class& r) const;
  mpz_class add(const mpz_class& a, const mpz_class& b) const;
  mpz_class multiply(const mpz_class& ciphertext, const mpz_class& factor) const;  ///< `factor` in (-n, n), public
  /// The same message as nobody has seen it: what was computed must not show from what.
  mpz_class rerandomise(const mpz_class& ciphertext) const;
  /// @throws Error{kCorruptData} not in (0, n^2) or not prime to n.
  void require_ciphertext(const mpz_class& ciphertext) const;

  /// Negative numbers stand in the upper third of [0, n), positive ones in the lower; a sum that lands between has overflowed.
  /// @throws Error{kUsage} |value| > n / 3
  mpz_class from_signed(const mpz_class& value) const;
  /// @throws Error{kCorruptData} in the middle third.
  mpz_class to_signed(const mpz_class& message) const;

 private:
  mpz_class random_unit() const;
  mpz_class n_, square_;
};

/// Both primes. Exponentiation with them takes the same time for all numbers (mpz_powm_sec); they are overwritten at the end, GMP's own scratch is not.
class PaillierPrivateKey {
 public:
  /// @throws Error{kUsage} they are not two different primes of the same length, or n and (p - 1)(q - 1) share a factor.
  PaillierPrivateKey(const mpz_class& p, const mpz_class& q);
  PaillierPrivateKey(const PaillierPrivateKey&) = delete;
  PaillierPrivateKey& operator=(const PaillierPrivateKey&) = delete;
  PaillierPrivateKey(PaillierPrivateKey&&) = default;
  ~PaillierPrivateKey();

  const PaillierPublicKey& public_key() const { return public_key_; }
  /// Modulo p^2 and q^2 apart (Paillier 1999, section 7). @throws Error{kCorruptData} as require_ciphertext.
  mpz_class decrypt(const mpz_class& ciphertext) const;

 private:
  struct Half {
    mpz_class prime, square, scale;  // scale = L((n + 1)^(prime - 1) mod prime^2)^-1 mod prime
  };
  Half half_of(const mpz_class& prime) const;
  mpz_class decrypt(const Half& half, const mpz_class& ciphertext) const;

  PaillierPublicKey public_key_;
  Half p_, q_;
  mpz_class q_inverse_;  // modulo p
};

/// @throws Error{kRefused} fewer than 3072 bits: less than 128 bits of security (NIST SP 800-57 part 1, table 2).
PaillierPrivateKey generate_paillier(std::size_t bits = 3072);

/// How many numbers of `slot_bits` bits one message holds: floor((bits(n) - 1) / slot_bits).
std::size_t paillier_slots(const PaillierPublicKey& key, int slot_bits);
/// Signed numbers in one integer, the first in the most significant slot. A sum's slots come out right while each stays within [-2^(slot_bits-1), 2^(slot_bits-1)).
/// @throws Error{kUsage} a number that is not within, or slot_bits not 2 to 63.
mpz_class pack_slots(std::span<const std::int64_t> values, int slot_bits);
/// @throws Error{kCorruptData} more than `count` slots.
std::vector<std::int64_t> unpack_slots(mpz_class packed, std::size_t count, int slot_bits);

}  // namespace consilium::fl
