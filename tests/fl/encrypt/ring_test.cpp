#include "fl/encrypt/ring.h"

#include <gtest/gtest.h>

#include "tests/fl/encrypt/parties.h"

namespace consilium::fl {
namespace {

TEST(Ring, PolynomialsComeBackFromTheirBytes) {
  for (const RingOptions& options : {RingOptions{}, test::toy_ring(64, 3), RingOptions{.size = 8, .prime_bits = 13, .primes = 3, .security = Security::kToy}}) {
    const Ring ring(options);
    const Polynomial polynomial = ring.uniform(derive_seed("test", "bytes"), 1);
    std::string bytes;
    ring.encode(polynomial, bytes);
    EXPECT_EQ(bytes.size(), ring.encoded_bytes());
    EXPECT_EQ(ring.decode(bytes), polynomial);
  }
  EXPECT_EQ(Ring().encoded_bytes(), 8192U * 25);
}

TEST(Ring, RefusesBytesThatAreNoPolynomial) {
  const Ring ring(test::toy_ring());
  std::string bytes;
  ring.encode(Polynomial(ring.words()), bytes);
  EXPECT_THROW(ring.decode(bytes.substr(1)), Error);
  EXPECT_THROW(ring.decode(bytes + '\0'), Error);
  for (std::size_t n = 0; n < 7; ++n) bytes[n] = static_cast<char>(0xFF);
  EXPECT_THROW(ring.decode(bytes), Error) << "a residue above its prime";
  const Ring odd({.size = 2, .prime_bits = 13, .primes = 1, .security = Security::kToy});  // 26 bits in 4 bytes
  EXPECT_THROW(odd.decode(std::string("\0\0\0\x80", 4)), Error) << "a bit beyond the last residue";
}

TEST(Ring, UniformPolynomialsDependOnSeedAndNumberOnly) {
  const Ring ring(test::toy_ring());
  const Seed seed = derive_seed("one", "x");
  EXPECT_EQ(ring.uniform(seed, 7), ring.uniform(seed, 7));
  EXPECT_NE(ring.uniform(seed, 7), ring.uniform(seed, 8));
  EXPECT_NE(ring.uniform(seed, 7), ring.uniform(derive_seed("two", "x"), 7));
  EXPECT_NE(derive_seed("ab", "c"), derive_seed("a", "bc"));
}

}  // namespace
}  // namespace consilium::fl
