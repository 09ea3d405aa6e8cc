#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace consilium::fl {

/// How hard ring-LWE is to be: the logarithm of the steps that the best known attack takes, of an ordinary or of a quantum computer.
enum class Security {
  kToy,  ///< nothing is promised: for tests with rings small enough to compute by hand
  kClassical128,
  kQuantum128,
  kClassical192,
  kClassical256,
};
std::string_view to_string(Security security);

/// The greatest log2 q at which a ring of that size is as hard as asked, for a ternary secret and errors of standard deviation 3.2; nothing if the table has no such
/// size. Source: Albrecht et al., Homomorphic Encryption Standard (HomomorphicEncryption.org, 2018), tables 1 and 2.
std::optional<int> most_modulus_bits(Security security, std::size_t ring_size);

/// @throws Error{kRefused} the modulus has more bits than the table allows, or the table does not have the ring.
void require_secure(Security security, std::size_t ring_size, int modulus_bits);

}  // namespace consilium::fl
