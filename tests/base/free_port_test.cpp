#include "tests/support/free_port.h"

#include <gtest/gtest.h>

#include <set>

namespace consilium {
namespace {

TEST(FreePorts, AreGivenOnce) {
  // Among 22,000 ports 700 at random would hold one twice with a probability of 1 - 1e-5.
  std::set<int> ports;
  for (int n = 0; n < 700; ++n) EXPECT_TRUE(ports.insert(test::free_ports(1)).second);
}

}  // namespace
}  // namespace consilium
