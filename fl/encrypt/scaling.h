#pragma once

#include "fl/encrypt/ring.h"

namespace consilium::fl {

/// Messages modulo t = 2^bits as elements of the ring, and back: m stands for round(q m / t). Unlike floor(q / t) m, sums whose messages pass t lose no more than
/// the rounding, so that t may be large.
/// Source: BFV (Fan and Vercauteren, ePrint 2012/144) with the scaling of Kim, Polyakov and Zucca (ePrint 2021/204).
class Scaling {
 public:
  /// @throws Error{kUsage} unless 1 <= bits and 2^bits < q.
  Scaling(const Ring& ring, int bits);

  int bits() const { return bits_; }
  std::size_t limbs() const { return static_cast<std::size_t>((bits_ + 63) / 64); }  ///< 64-bit words of one message, lowest first
  /// log2 of q / t, rounded down: noise below half of it is rounded away.
  int room_bits() const { return room_bits_; }

  /// Adds the messages (limbs() words each, ring.size() of them, each below t) to a polynomial in coefficient form.
  void add_scaled(std::span<const std::uint64_t> messages, std::span<std::uint64_t> polynomial) const;

  /// The messages of a polynomial in coefficient form, which it overwrites.
  ///
  /// `noise_bits`: what is left beside a message is known to stay below 2^noise_bits. A coefficient that is farther from a message is no
  /// sum of ciphertexts, or not opened by the right keys: uniform ones pass with probability 2^(noise_bits + 1 - room_bits()) each.
  /// @throws Error{kCorruptData} that.
  void take_messages(std::span<std::uint64_t> polynomial, int noise_bits, std::span<std::uint64_t> messages) const;

 private:
  struct Digits {
    Factor inverse_punctured;          // (q / p)^-1 modulo p
    std::vector<std::uint64_t> share;  // floor(2^(bits + 128) / p), limbs() + 2 words
    Factor inverse_t;                  // t^-1 modulo p
  };

  const Ring* ring_;
  int bits_;
  int room_bits_ = 0;
  std::vector<std::uint64_t> q_mod_t_;
  std::vector<Digits> primes_;
};

}  // namespace consilium::fl
