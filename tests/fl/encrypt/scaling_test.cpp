#include "fl/encrypt/scaling.h"

#include <gtest/gtest.h>

#include "tests/fl/encrypt/parties.h"

namespace consilium::fl {
namespace {

TEST(Scaling, MessagesComeBackBesideNoise) {
  const Ring ring(test::toy_ring());
  Rng rng(5);
  for (const int bits : {1, 2, 31, 63, 64, 65, 127, 128, 150, 168}) {
    const Scaling scaling(ring, bits);
    std::vector<std::uint64_t> messages = test::random_messages(rng, scaling, ring.size()), found(messages.size());
    std::fill_n(messages.begin(), scaling.limbs(), 0);  // the edges: 0, t - 1 and t / 2
    std::fill_n(messages.begin() + static_cast<std::ptrdiff_t>(scaling.limbs()), 2 * scaling.limbs(), ~0ULL);
    for (const std::size_t n : {1U, 2U})
      if (bits % 64 != 0) messages[(n + 1) * scaling.limbs() - 1] &= (1ULL << (bits % 64)) - 1;
    messages[3 * scaling.limbs() - 1] ^= (1ULL << ((bits - 1) % 64)) - 1;
    Polynomial polynomial(ring.words());
    scaling.add_scaled(messages, polynomial);
    std::vector<std::int64_t> noise(ring.size());
    for (std::int64_t& value : noise) value = static_cast<std::int64_t>(rng.next() % 2047) - 1023;
    ring.add_small(polynomial, noise);
    scaling.take_messages(polynomial, 11, found);
    EXPECT_EQ(found, messages) << bits << " bits";
  }
}

TEST(Scaling, RefusesWhatIsFarFromEveryMessage) {
  const Ring ring(test::toy_ring());
  const Scaling scaling(ring, 168);
  std::vector<std::uint64_t> found(ring.size() * scaling.limbs());
  Polynomial polynomial(ring.words());
  std::vector<std::int64_t> noise(ring.size());
  for (const std::int64_t far : {1LL << 20, -(1LL << 20)}) {
    std::fill(polynomial.begin(), polynomial.end(), 0);
    noise[17] = far;
    ring.add_small(polynomial, noise);
    EXPECT_NO_THROW(scaling.take_messages(polynomial, 22, found));
    EXPECT_THROW(scaling.take_messages(polynomial, 18, found), Error);
  }
  EXPECT_THROW(scaling.take_messages(polynomial, 31, found), Error) << "no room";
}

TEST(Scaling, RefusesMessagesBeyondTheModulus) {
  const Ring ring(test::toy_ring());
  EXPECT_NO_THROW(Scaling(ring, 199));
  EXPECT_THROW(Scaling(ring, 200), Error);
  EXPECT_THROW(Scaling(ring, 0), Error);
}

}  // namespace
}  // namespace consilium::fl
