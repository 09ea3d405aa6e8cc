#include "fl/encrypt/slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace consilium::fl {
namespace {

using Values = std::vector<std::int64_t>;

std::vector<std::uint64_t> sum_of(std::vector<std::uint64_t> a, const std::vector<std::uint64_t>& b, const Slots& slots) {
  unsigned __int128 carry = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    carry += static_cast<unsigned __int128>(a[n]) + b[n];
    a[n] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  if (slots.message_bits() % 64 != 0) a.back() &= (1ULL << (slots.message_bits() % 64)) - 1;
  return a;
}

TEST(Slots, SumsOfMessagesAreSumsOfNumbers) {
  Rng rng(6);
  for (const Slots& slots : {Slots{}, Slots{.bits = 2, .per_message = 64}, Slots{.bits = 32, .per_message = 5}, Slots{.bits = 63, .per_message = 2}, Slots{.bits = 21, .per_message = 8}, Slots{.bits = 33, .per_message = 1}}) {
    const auto count = static_cast<std::size_t>(slots.per_message);
    const std::int64_t half = 1LL << (slots.bits - 1);
    for (int n = 0; n < 2000; ++n) {
      Values a(count), b(count), expected(count), found(count);
      for (std::size_t k = 0; k < count; ++k) {
        expected[k] = n < 8 ? (n % 2 == 0 ? -half : half - 1) : static_cast<std::int64_t>(rng.next()) >> (64 - slots.bits);  // the edges first
        a[k] = static_cast<std::int64_t>(rng.next()) >> (64 - slots.bits);
        b[k] = expected[k] - a[k];
      }
      std::vector<std::uint64_t> one(slots.limbs()), two(slots.limbs());
      pack(slots, a, one);
      pack(slots, b, two);  // beyond its slot, perhaps: only the sum has to fit
      unpack(slots, sum_of(one, two, slots), found);
      ASSERT_EQ(found, expected) << slots.bits << " bits";
      unpack(slots, one, found);
      ASSERT_EQ(found, a);
    }
  }
}

TEST(Slots, BitsHoldTheGreatestSumAndNoFewerDo) {
  // 70 sites x 8192 x 2^20 is 2^39.13: 40 bits and a sign.
  EXPECT_EQ(slot_bits({.clip = 1, .fraction_bits = 20, .most_weight = 8192, .sites = 70}), 41);
  EXPECT_EQ(slot_bits({.clip = 1, .fraction_bits = 0, .most_weight = 1, .sites = 1}), 2);
  EXPECT_EQ(slot_bits({.clip = 1, .fraction_bits = 0, .most_weight = 1, .sites = 3}), 3);
  EXPECT_EQ(slot_bits({.clip = 1, .fraction_bits = 0, .most_weight = 1, .sites = 4}), 4) << "4 does not fit [-4, 4)";
  EXPECT_EQ(slot_bits({.clip = 1e-9, .fraction_bits = 4, .most_weight = 1000, .sites = 1}), 11) << "weights are summed too";
  EXPECT_EQ(slot_bits({.clip = 0.3, .fraction_bits = 4, .most_weight = 1, .sites = 1}), 4) << "0.3 x 16 is rounded up";
}

TEST(Slots, RefuseToOverflowBeforeAnythingIsSent) {
  try {
    slot_bits({.clip = 8, .fraction_bits = 40, .most_weight = 1000000, .sites = 70});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("a slot has at most 63"));
  }
  EXPECT_THROW(slot_bits({.clip = 0}), Error);
  EXPECT_THROW(slot_bits({.clip = std::numeric_limits<double>::infinity()}), Error);
  EXPECT_THROW(validate(Slots{.bits = 64}), Error);
  EXPECT_THROW(validate(Slots{.per_message = 0}), Error);
}

}  // namespace
}  // namespace consilium::fl
