#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace consilium::fl {

/// Several signed numbers within one message of 64-bit words: sum of v_k 2^(k bits), modulo what the words hold. Messages add up as the numbers do, as long as
/// every sum stays within [-2^(bits-1), 2^(bits-1)).
/// Source: BatchCrypt (Zhang et al., USENIX ATC 2020), here with borrows instead of guard bits.
struct Slots {
  int bits = 42;    ///< of one number, 2 to 63
  int per_message = 4;

  int message_bits() const { return bits * per_message; }
  std::size_t limbs() const { return static_cast<std::size_t>((message_bits() + 63) / 64); }
  bool operator==(const Slots&) const = default;
};

/// @throws Error{kUsage}
void validate(const Slots& slots);
/// `values`: at most per_message of them, the first in the lowest bits; the rest are 0. `message`: limbs() words. Takes the same time for all values.
void pack(const Slots& slots, std::span<const std::int64_t> values, std::span<std::uint64_t> message);
void unpack(const Slots& slots, std::span<const std::uint64_t> message, std::span<std::int64_t> values);

/// What the numbers of one slot are made of, so that no sum can pass it.
struct SlotNeeds {
  double clip = 1;                    ///< greatest absolute value before scaling
  int fraction_bits = 20;             ///< values are multiples of 2^-fraction_bits
  std::int64_t most_weight = 8192;    ///< of one site: values are multiplied by the site's weight
  std::int64_t sites = 3;

  bool operator==(const SlotNeeds&) const = default;
};
/// Bits of a slot that holds every sum of sites x weight x value, and every sum of weights.
/// @throws Error{kRefused} it takes more than 63; Error{kUsage} a field out of its range.
int slot_bits(const SlotNeeds& needs);

}  // namespace consilium::fl
