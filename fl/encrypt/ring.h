#pragma once

#include <span>
#include <string>
#include <vector>

#include "fl/compress/bytes.h"
#include "fl/encrypt/ntt.h"
#include "fl/encrypt/samplers.h"
#include "fl/encrypt/security_table.h"

namespace consilium::fl {

struct RingOptions {
  std::size_t size = 8192;  ///< N
  int prime_bits = 50;      ///< of every prime of the modulus; 4 of 50 stay below both 218 (classical) and 202 bits (quantum)
  std::size_t primes = 4;
  Security security = Security::kQuantum128;

  bool operator==(const RingOptions&) const = default;
};

/// An element of Z_q[x]/(x^N + 1): its residues modulo each prime, prime after prime. Unless said otherwise in value form: transformed, so that sums and
/// products go number by number.
using Polynomial = std::vector<std::uint64_t>;
using SecretPolynomial = SecretVector<std::uint64_t>;

/// Z_q[x]/(x^N + 1), q a product of primes over which x^N + 1 splits. Operations write in place; time does not depend on the numbers.
class Ring {
 public:
  /// @throws Error{kRefused} not as secure as the options say; Error{kUsage} there are no such primes.
  explicit Ring(const RingOptions& options = {});

  const RingOptions& options() const { return options_; }
  std::size_t size() const { return options_.size; }
  std::size_t words() const { return options_.size * options_.primes; }  ///< of a polynomial
  const std::vector<Ntt>& transforms() const { return transforms_; }    ///< one for each prime
  const Modulus& modulus(std::size_t prime) const { return transforms_[prime].modulus(); }

  void to_values(std::span<std::uint64_t> polynomial) const;
  void to_coefficients(std::span<std::uint64_t> polynomial) const;
  void add(std::span<std::uint64_t> sum, std::span<const std::uint64_t> term) const;
  void subtract(std::span<std::uint64_t> difference, std::span<const std::uint64_t> term) const;
  /// product <- product * factor, both in value form.
  void multiply(std::span<std::uint64_t> product, std::span<const std::uint64_t> factor) const;
  /// Adds small coefficients (below 2^60) to a polynomial in coefficient form.
  void add_small(std::span<std::uint64_t> sum, std::span<const std::int64_t> coefficients) const;

  /// In value form: the polynomial number `number` of all those that `seed` stands for, uniform.
  Polynomial uniform(const Seed& seed, std::uint64_t number) const;

  std::size_t encoded_bytes() const { return (words() * static_cast<std::size_t>(options_.prime_bits) + 7) / 8; }
  /// Residues in prime_bits bits each, lowest first, without gaps.
  void encode(std::span<const std::uint64_t> polynomial, std::string& bytes) const;
  /// @throws Error{kCorruptData} other than encoded_bytes(), a residue that is not below its prime, a bit beyond the last.
  void decode(std::string_view bytes, std::span<std::uint64_t> polynomial) const;
  Polynomial decode(std::string_view bytes) const;

 private:
  template <typename Operation>
  void for_each_prime(const Operation& operation) const;

  RingOptions options_;
  std::vector<Ntt> transforms_;
};

}  // namespace consilium::fl
