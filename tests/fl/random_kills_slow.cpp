#include <cstdlib>

#include "tests/fl/random_kills.h"

namespace consilium::fl {
namespace {

using test::RandomKills;

/// Goal 3: kill -9 at 200 random points. CONSILIUM_KILLS=N for another number.
TEST_F(RandomKills, TwoHundredOverAllProcessesChangeNoBit) {
  const char* const wanted = std::getenv("CONSILIUM_KILLS");
  disturb(wanted == nullptr ? 200 : std::atoi(wanted), 2);
}

}  // namespace
}  // namespace consilium::fl
