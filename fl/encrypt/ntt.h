#pragma once

#include <span>

#include "fl/encrypt/modulus.h"

namespace consilium::fl {

/// The negacyclic number-theoretic transform: a polynomial modulo x^N + 1 over Z_p as its values at the N odd powers of a root psi with
/// psi^N = -1. Where the values of two polynomials are multiplied one by one, the polynomials are.
///
/// Butterflies of Harvey (Faster arithmetic for number-theoretic transforms, J. Symb. Comput. 60 (2014)), whose numbers stay below 4p and are reduced once at the end; the powers of psi
/// are merged into them (Longa and Naehrig, CANS 2016, algorithms 1 and 2). Time and memory accesses do not depend on the values.
class Ntt {
 public:
  /// `size`: N, a power of two. @throws Error{kUsage} it is none, or 2N does not divide p - 1.
  Ntt(const Modulus& modulus, std::size_t size);

  const Modulus& modulus() const { return modulus_; }
  std::size_t size() const { return roots_.size(); }
  std::uint64_t root() const { return root_; }  ///< psi
  /// Coefficients in [0, p), x^0 first, to values in bit-reversed order; in place.
  void forward(std::span<std::uint64_t> values) const;
  void inverse(std::span<std::uint64_t> values) const;

 private:
  Modulus modulus_;
  std::uint64_t root_;
  std::vector<Factor> roots_, inverse_roots_;  // psi^k and psi^-k at the bit-reversed place of k
  Factor inverse_size_;
};

}  // namespace consilium::fl
