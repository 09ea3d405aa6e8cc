#include "fl/encrypt/security_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fl/encrypt/ring.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

TEST(SecurityTable, IsTheStandards) {
  const char* const kFile = "oracles/algorithms.json";
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "he_std_table_ternary_128");
  const std::vector<std::pair<const char*, Security>> columns{{"max_logq_128_classic", Security::kClassical128},
                                                              {"max_logq_128_quantum", Security::kQuantum128},
                                                              {"max_logq_192_classic", Security::kClassical192},
                                                              {"max_logq_256_classic", Security::kClassical256}};
  for (const auto& [name, security] : columns)
    for (const auto& [size, most] : oracle["expected"][name].items()) {
      const auto ring_size = std::stoul(size);
      const int bits = most.get<int>();
      EXPECT_EQ(most_modulus_bits(security, ring_size), bits) << name << " " << size;
      EXPECT_NO_THROW(require_secure(security, ring_size, bits));
      EXPECT_THROW(require_secure(security, ring_size, bits + 1), Error);
    }
}

TEST(SecurityTable, RefusesWhatItDoesNotHave) {
  for (const std::size_t size : {0U, 512U, 1000U, 65536U}) EXPECT_THROW(require_secure(Security::kClassical128, size, 1), Error) << size;
}

TEST(Ring, IsNotMadeAboveTheTable) {
  EXPECT_NO_THROW(Ring(RingOptions{}));
  EXPECT_NO_THROW(Ring({.size = 8192, .prime_bits = 54, .primes = 4, .security = Security::kClassical128}));
  try {
    Ring({.size = 8192, .prime_bits = 55, .primes = 4, .security = Security::kClassical128});
    FAIL() << "a modulus of 220 bits";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("at most 218 bits"));
  }
  EXPECT_THROW(Ring({.size = 8192, .prime_bits = 54, .primes = 4, .security = Security::kQuantum128}), Error);
  EXPECT_THROW(Ring({.size = 4096, .prime_bits = 55, .primes = 2, .security = Security::kClassical128}), Error);
}

}  // namespace
}  // namespace consilium::fl
