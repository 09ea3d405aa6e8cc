#include "fl/encrypt/ntt.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using Coefficients = std::vector<std::uint64_t>;

/// x^N = -1, term by term.
Coefficients schoolbook(const Modulus& modulus, const Coefficients& a, const Coefficients& b) {
  Coefficients product(a.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::uint64_t term = modulus.multiply(a[i], b[j]);
      std::uint64_t& at = product[(i + j) % a.size()];
      at = i + j < a.size() ? modulus.add(at, term) : modulus.subtract(at, term);
    }
  return product;
}

Coefficients by_transform(const Ntt& ntt, Coefficients a, Coefficients b) {
  ntt.forward(a);
  ntt.forward(b);
  for (std::size_t n = 0; n < a.size(); ++n) a[n] = ntt.modulus().multiply(a[n], b[n]);
  ntt.inverse(a);
  return a;
}

Coefficients random_coefficients(Rng& rng, const Modulus& modulus, std::size_t size) {
  Coefficients values(size);
  for (std::uint64_t& value : values) value = rng.next() % modulus.prime();
  return values;
}

TEST(Ntt, MultipliesAsTheOracleInFourCoefficients) {
  const char* const kFile = "oracles/algorithms.json";
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "negacyclic_mul_n4");
  const Ntt ntt(Modulus(17), 4);
  EXPECT_EQ(by_transform(ntt, oracle["input"]["a"].get<Coefficients>(), oracle["input"]["b"].get<Coefficients>()), oracle["expected"].get<Coefficients>());
}

TEST(Ntt, MultipliesAsTheSchoolbookDoes) {
  Rng rng(2);
  for (const int bits : {14, 30, 50, 61})
    for (std::size_t size = 2; size <= 128; size *= 2) {
      const Ntt ntt(Modulus(greatest_ntt_primes(bits, 1, size)[0]), size);
      const Coefficients a = random_coefficients(rng, ntt.modulus(), size), b = random_coefficients(rng, ntt.modulus(), size);
      EXPECT_EQ(by_transform(ntt, a, b), schoolbook(ntt.modulus(), a, b)) << bits << " bits, size " << size;
      const Coefficients most(size, ntt.modulus().prime() - 1);
      EXPECT_EQ(by_transform(ntt, most, most), schoolbook(ntt.modulus(), most, most)) << bits << " bits, size " << size;
    }
}

TEST(Ntt, ComesBackAndStaysReduced) {
  Rng rng(3);
  for (const std::size_t size : {1024U, 8192U}) {
    const Ntt ntt(Modulus(greatest_ntt_primes(61, 1, size)[0]), size);
    const Coefficients before = random_coefficients(rng, ntt.modulus(), size);
    Coefficients values = before;
    ntt.forward(values);
    for (const std::uint64_t value : values) ASSERT_LT(value, ntt.modulus().prime());
    ntt.inverse(values);
    EXPECT_EQ(values, before);
  }
}

TEST(Ntt, ItsRootsNthPowerIsMinusOne) {
  for (const std::uint64_t prime : greatest_ntt_primes(50, 4, 8192)) {
    const Ntt ntt(Modulus(prime), 8192);
    EXPECT_EQ(ntt.modulus().power(ntt.root(), 8192), prime - 1);
  }
}

TEST(Ntt, RefusesSizesThatThePrimeHasNoRootFor) {
  EXPECT_THROW(Ntt(Modulus(17), 16), Error);
  EXPECT_THROW(Ntt(Modulus(17), 3), Error);
  EXPECT_THROW(Ntt(Modulus(17), 0), Error);
}

}  // namespace
}  // namespace consilium::fl
