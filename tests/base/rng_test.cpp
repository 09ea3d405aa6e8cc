#include "base/rng.h"

#include <gtest/gtest.h>

namespace consilium {
namespace {

TEST(Rng, GivesTheSameNumbersForTheSameSeed) {
  Rng a(42);
  Rng b(42);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(a.next(), b.next());
}

TEST(Rng, ForksDoNotDependOnHowManyNumbersWereDrawn) {
  Rng a(42);
  Rng b(42);
  a.next();
  EXPECT_EQ(a.fork("noise").next(), b.fork("noise").next());
  EXPECT_NE(a.fork("noise").next(), a.fork("shape").next());
}

TEST(Rng, ContinuesFromItsState) {
  Rng a(7);
  a.normal();
  Rng b = Rng::from_state(a.state());
  EXPECT_EQ(a.next(), b.next());
  EXPECT_EQ(a.fork("x").next(), b.fork("x").next());
}

TEST(Rng, NormalHasTheRightMoments) {
  Rng rng(1);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
  }
  constexpr double kFiveSigma = 5.0 / 447.2;  // five standard errors of the mean of 200,000 draws
  EXPECT_NEAR(sum / kDraws, 0, kFiveSigma);
  EXPECT_NEAR(squares / kDraws, 1, 1.5 * kFiveSigma);
}

}  // namespace
}  // namespace consilium
