#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fl/encrypt/key_stream.h"

namespace consilium::fl {
namespace {

/// What the kernel says of the pages at an address: "dd" is left out of core dumps.
std::string page_flags(const void* address) {
  std::ifstream file("/proc/self/smaps");
  const auto place = reinterpret_cast<std::uintptr_t>(address);
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream words(line);
    if (line.find('-') != std::string::npos && words >> std::hex >> from >> dash >> to && dash == '-') here = place >= from && place < to;
    if (here && line.starts_with("VmFlags:")) return line;
  }
  return "not found";
}

TEST(SecretVector, IsLeftOutOfCoreDumps) {
  const SecretVector<std::uint64_t> secret(4096);
  EXPECT_NE(page_flags(secret.data()).find(" dd"), std::string::npos) << page_flags(secret.data());
  const std::vector<std::uint64_t> open(1 << 20);
  EXPECT_EQ(page_flags(open.data()).find(" dd"), std::string::npos);
}

TEST(SecretVector, GrowsAndCopiesAsVectorsDo) {
  SecretVector<int> secret;
  for (int n = 0; n < 1000; ++n) secret.push_back(n);
  const SecretVector<int> copy = secret;
  secret[7] = 0;
  EXPECT_EQ(copy[7], 7);
  EXPECT_EQ(copy.size(), 1000U);
}

TEST(KeyStream, SeedsRepeatAndFreshOnesDoNot) {
  const Seed seed = derive_seed("test", "stream");
  KeyStream one(seed, 3), two(seed, 3), other(seed, 4), fresh, fresher;
  for (int n = 0; n < 2000; ++n) {
    const std::uint64_t word = one.word();
    ASSERT_EQ(word, two.word());
    ASSERT_NE(word, other.word());
    ASSERT_NE(fresh.word(), fresher.word());
  }
}

// RFC 8439's ChaCha20 of a zero key and nonce begins so (appendix A.1, test vector 1).
/// Seeded ciphertexts and public polynomials hang on these bytes: those of the original ChaCha20 with a nonce of 64 bits, as libsodium makes them.
TEST(KeyStream, IsTheOriginalChaCha20WhateverItsNumberAndLength) {
  Seed seed;
  for (std::size_t n = 0; n < seed.size(); ++n) seed[n] = static_cast<std::uint8_t>(17 * n + 3);
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{5}, std::uint64_t{0xfedcba9876543210}}) {
    std::vector<std::uint8_t> expected(3 * 4096 + 8), found(expected.size());
    crypto_stream_chacha20(expected.data(), expected.size(), reinterpret_cast<const unsigned char*>(&number), seed.data());
    KeyStream(seed, number).fill(found);
    EXPECT_EQ(found, expected) << number;
  }
}

TEST(KeyStream, IsChaCha20) {
  KeyStream stream(Seed{}, 0);
  std::array<std::uint8_t, 12> bytes;
  stream.fill(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 12>{0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5}));
}

}  // namespace
}  // namespace consilium::fl
