#include "fl/encrypt/modulus.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"

namespace consilium::fl {
namespace {

TEST(Modulus, ReducesAnyNumberAsDivisionDoes) {
  Rng rng(1);
  for (const std::uint64_t prime : {3ULL, 17ULL, 12289ULL, 1125899906826241ULL, 2305843009213693921ULL}) {
    const Modulus modulus(prime);
    for (int n = 0; n < 20000; ++n) {
      Wide number = (static_cast<Wide>(rng.next()) << 64) | rng.next();
      if (n % 4 == 0) number = ~static_cast<Wide>(0) - static_cast<Wide>(n);
      if (n % 4 == 1) number = static_cast<Wide>(prime) * rng.next() + static_cast<Wide>(n % 3) - 1;
      ASSERT_EQ(modulus.reduce(number), static_cast<std::uint64_t>(number % prime)) << prime;
      const std::uint64_t a = rng.next() % prime, b = rng.next() % prime;
      ASSERT_EQ(modulus.multiply(a, b), static_cast<std::uint64_t>(static_cast<Wide>(a) * b % prime));
      ASSERT_EQ(modulus.multiply(a, modulus.factor(b)), modulus.multiply(a, b));
      ASSERT_EQ(modulus.add(modulus.subtract(a, b), b), a);
    }
  }
}

TEST(Modulus, TakesSignedNumbers) {
  const Modulus modulus(17);
  for (std::int64_t number = -60; number <= 60; ++number) EXPECT_EQ(modulus.from_signed(number), static_cast<std::uint64_t>((number % 17 + 17) % 17)) << number;
}

TEST(Modulus, RefusesWhatIsNoPrimeBelowItsLimit) {
  for (const std::uint64_t number : {0ULL, 1ULL, 2ULL, 15ULL, 3215031751ULL, 2305843009213693951ULL}) {
    if (number == 2305843009213693951ULL) {
      EXPECT_TRUE(is_prime(number));  // 2^61 - 1, below the limit
      continue;
    }
    EXPECT_THROW(Modulus{number}, Error) << number;
  }
  EXPECT_THROW(Modulus{4611686018427387847ULL}, Error) << "a prime of 62 bits";
}

TEST(NttPrimes, AreTheGreatestOnesOfTheirKind) {
  const std::vector<std::uint64_t> primes = greatest_ntt_primes(50, 4, 8192);
  ASSERT_EQ(primes.size(), 4U);
  std::uint64_t above = 1ULL << 50;
  for (const std::uint64_t prime : primes) {
    EXPECT_TRUE(is_prime(prime));
    EXPECT_EQ(prime % 16384, 1U);
    EXPECT_LT(prime, above);
    above = prime;
  }
  EXPECT_EQ(greatest_ntt_primes(14, 1, 1024).front(), 12289U);
  EXPECT_THROW(greatest_ntt_primes(14, 5, 4096), Error);
}

}  // namespace
}  // namespace consilium::fl
