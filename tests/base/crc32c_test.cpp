#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace consilium {
namespace {

TEST(Crc32c, GivesTheValuesOfTheStandard) {  // RFC 3720, B.4
  std::string ascending, descending;
  for (int n = 0; n < 32; ++n) ascending += static_cast<char>(n), descending += static_cast<char>(31 - n);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c(descending), 0x113FDB5CU);
  EXPECT_EQ(crc32c(""), 0U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
}

}  // namespace
}  // namespace consilium
