#pragma once

#include <openssl/bn.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fl/secure/secret.h"

namespace consilium::fl {

struct BigFree {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
/// Wiped when it is not needed any more.
using BigNumber = std::unique_ptr<BIGNUM, BigFree>;

/// Secret sharing over a prime field: of a polynomial of degree t - 1 with the secret as its constant term, party x gets the value at x. Any t values give the
/// secret, fewer give nothing. Source: Shamir, How to share a secret, CACM 22 (1979).
class ShamirField {
 public:
  /// @throws Error{kUsage} `prime` (decimal) is not prime.
  explicit ShamirField(const std::string& prime_decimal);

  /// The polynomial with these coefficients, the constant term first, at x. For tests with known answers, and by split().
  BigNumber evaluate(std::span<const BigNumber> coefficients, std::uint32_t x) const;
  /// Coefficients of degree 1 to threshold - 1 come from the system's generator, uniform in the field. Share k belongs to xs[k].
  /// @throws Error{kUsage} a secret outside the field, an x that is 0, or twice there, or fewer of them than the threshold.
  std::vector<BigNumber> split(const BIGNUM* secret, std::size_t threshold, std::span<const std::uint32_t> xs) const;
  /// What value k counts for in the constant term: product over j of x_j / (x_j - x_k). @throws Error{kUsage} as split().
  std::vector<BigNumber> lagrange_at_zero(std::span<const std::uint32_t> xs) const;
  BigNumber combine(std::span<const std::uint32_t> xs, std::span<const BigNumber> values) const;

  const BIGNUM* prime() const { return prime_.get(); }

 private:
  BigNumber prime_;
};

/// Shares of a secret of 32 bytes below 2^255 - 19 (little endian), each of 32 bytes.
const ShamirField& field_25519();
std::vector<Secret32> split_secret(const Secret32& secret, std::size_t threshold, std::span<const std::uint32_t> xs);
/// @throws Error{kCorruptData} a share outside the field; Error{kUsage} as split().
Secret32 combine_secret(std::span<const std::uint32_t> xs, std::span<const Secret32> shares);
/// Uniform below 2^255 - 19, from the system's generator: a private key of X25519, or a seed.
Secret32 random_secret();

}  // namespace consilium::fl
