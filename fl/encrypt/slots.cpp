#include "fl/encrypt/slots.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace consilium::fl {

void validate(const Slots& slots) {
  require(slots.bits >= 2 && slots.bits <= 63, ErrorCode::kUsage, "slots: " + std::to_string(slots.bits) + " bits, expected 2 to 63");
  require(slots.per_message >= 1 && slots.per_message <= 64, ErrorCode::kUsage, "slots: " + std::to_string(slots.per_message) + " in a message, expected 1 to 64");
}

void pack(const Slots& slots, std::span<const std::int64_t> values, std::span<std::uint64_t> message) {
  std::fill(message.begin(), message.end(), 0);
  for (std::size_t k = 0; k < values.size(); ++k) {  // adds a number of 64 bits whose sign goes on for ever
    const std::size_t at = k * static_cast<std::size_t>(slots.bits), shift = at % 64;
    const auto bits = static_cast<std::uint64_t>(values[k]), sign = static_cast<std::uint64_t>(values[k] >> 63);
    std::uint64_t carry = 0, below = 0;
    for (std::size_t limb = at / 64; limb < message.size(); ++limb) {
      const std::uint64_t above = limb == at / 64 ? bits : sign;
      const std::uint64_t term = shift == 0 ? above : (above << shift) | (below >> (64 - shift));
      const std::uint64_t sum = message[limb] + term, next = sum + carry;
      carry = static_cast<std::uint64_t>(sum < term) | static_cast<std::uint64_t>(next < sum);
      message[limb] = next;
      below = above;
    }
  }
  if (slots.message_bits() % 64 != 0) message[slots.limbs() - 1] &= (1ULL << (slots.message_bits() % 64)) - 1;
}

void unpack(const Slots& slots, std::span<const std::uint64_t> message, std::span<std::int64_t> values) {
  std::int64_t borrow = 0;  // the numbers below are together negative: they took one from this slot
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t at = k * static_cast<std::size_t>(slots.bits), limb = at / 64, shift = at % 64;
    std::uint64_t bits = message[limb] >> shift;
    if (shift != 0 && limb + 1 < message.size()) bits |= message[limb + 1] << (64 - shift);
    bits = (bits + static_cast<std::uint64_t>(borrow)) << (64 - slots.bits);
    values[k] = static_cast<std::int64_t>(bits) >> (64 - slots.bits);
    if (values[k] != 0) borrow = values[k] < 0 ? 1 : 0;
  }
}

int slot_bits(const SlotNeeds& needs) {
  require(std::isfinite(needs.clip) && needs.clip > 0, ErrorCode::kUsage, "clip must be above 0");
  require(needs.fraction_bits >= 0 && needs.fraction_bits <= 52, ErrorCode::kUsage, "fraction_bits must be 0 to 52");
  require(needs.most_weight >= 1 && needs.sites >= 1, ErrorCode::kUsage, "a weight and a number of sites are at least 1");
  const double sums = static_cast<double>(needs.sites) * static_cast<double>(needs.most_weight);
  const double most = std::max(sums, sums * std::ceil(std::ldexp(needs.clip, needs.fraction_bits)));
  const int bits = std::ilogb(most) + 2;  // `most` may be a power of two; one for the sign
  require(bits <= 63, ErrorCode::kRefused,
          "a sum of " + std::to_string(needs.sites) + " sites with weights up to " + std::to_string(needs.most_weight) + " and values up to " + std::to_string(needs.clip) + " in steps of 2^-" +
              std::to_string(needs.fraction_bits) + " takes " + std::to_string(bits) + " bits; a slot has at most 63");
  return bits;
}

}  // namespace consilium::fl
