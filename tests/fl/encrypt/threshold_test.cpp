#include "fl/encrypt/threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/fl/encrypt/parties.h"

namespace consilium::fl {
namespace {

using test::Parties;

TEST(Threshold, DecryptsTenThousandMessagesAndTheEdges) {
  const Ring ring;
  const Threshold threshold(ring, {.sites = 2, .message_bits = 70});
  const Parties parties(threshold);
  Rng rng(7);
  for (int n = 0; n < 2; ++n) {  // of 8192 coefficients each
    std::vector<std::uint64_t> messages = test::random_messages(rng, threshold.scaling(), ring.size());
    messages[0] = messages[1] = 0;
    messages[2] = ~0ULL, messages[3] = 63;  // t - 1
    Ciphertext sum{Polynomial(ring.words()), Polynomial(ring.words())};
    threshold.add(sum, threshold.encrypt(parties.joint, messages));
    EXPECT_EQ(threshold.decrypt(sum.c0, parties.decryption_shares(threshold, sum.c1)), messages);
  }
}

TEST(Threshold, SeventySitesSumExactlyThoughTheirMessagesWrap) {
  const Ring ring(test::toy_ring());
  for (const int bits : {20, 64, 90}) {
    const Threshold threshold(ring, {.sites = 70, .message_bits = bits, .smudging_bits = 57});
    const Parties parties(threshold);
    Rng rng(8);
    std::vector<std::uint64_t> expected(ring.size() * threshold.scaling().limbs());
    Ciphertext sum{Polynomial(ring.words()), Polynomial(ring.words())};
    for (int site = 0; site < 70; ++site) {
      const std::vector<std::uint64_t> messages = test::random_messages(rng, threshold.scaling(), ring.size());
      test::add_messages(threshold.scaling(), expected, messages);
      threshold.add(sum, threshold.encrypt(parties.joint, messages));
    }
    EXPECT_EQ(threshold.decrypt(sum.c0, parties.decryption_shares(threshold, sum.c1)), expected) << bits << " bits";
  }
}

TEST(Threshold, WithoutAShareOrWithAWrongOneNothingComesOut) {
  const Ring ring(test::toy_ring());
  const Threshold threshold(ring, {.sites = 3, .message_bits = 32});
  const Parties parties(threshold), others(threshold);
  Rng rng(9);
  const Ciphertext sum = threshold.encrypt(parties.joint, test::random_messages(rng, threshold.scaling(), ring.size()));
  const std::vector<Polynomial> shares = parties.decryption_shares(threshold, sum.c1);
  const auto error_of = [&](std::vector<Polynomial> given) -> std::string {
    try {
      threshold.decrypt(sum.c0, given);
      return "decrypted";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_THAT(error_of({shares[0], shares[1]}), testing::HasSubstr("2 of 3 sites gave a share: all are needed"));
  const char* const kGarbage = "is no sum of ciphertexts";
  EXPECT_THAT(error_of({shares[0], shares[1], shares[1]}), testing::HasSubstr(kGarbage));
  EXPECT_THAT(error_of({shares[0], shares[1], Polynomial(ring.words())}), testing::HasSubstr(kGarbage));
  EXPECT_THAT(error_of({shares[0], shares[1], threshold.decryption_share(others.keys[2].secret, sum.c1)}), testing::HasSubstr(kGarbage));
  std::vector<Polynomial> changed = shares;
  changed[0][5] ^= 1;
  EXPECT_THAT(error_of(changed), testing::HasSubstr(kGarbage));
  EXPECT_EQ(error_of(shares), "decrypted");
}

TEST(Threshold, TwoEncryptionsAndTwoSharesOfTheSameDiffer) {
  const Ring ring(test::toy_ring());
  const Threshold threshold(ring, {.sites = 2});
  const Parties parties(threshold);
  const std::vector<std::uint64_t> messages(ring.size());
  const Ciphertext one = threshold.encrypt(parties.joint, messages), two = threshold.encrypt(parties.joint, messages);
  EXPECT_NE(one.c0, two.c0);
  EXPECT_NE(one.c1, two.c1);
  EXPECT_NE(threshold.decryption_share(parties.keys[0].secret, one.c1), threshold.decryption_share(parties.keys[0].secret, one.c1));
}

/// Of a ciphertext of zeros: c0 + c1 s, around 0.
std::vector<double> noise_of(const Ring& ring, const Parties& parties, Ciphertext ciphertext) {
  Polynomial s(ring.words());
  for (const KeyPair& key : parties.keys) ring.add(s, Polynomial(key.secret.begin(), key.secret.end()));
  ring.multiply(ciphertext.c1, s);
  ring.add(ciphertext.c0, ciphertext.c1);
  ring.to_coefficients(ciphertext.c0);
  std::vector<double> noise;
  const auto prime = static_cast<double>(ring.modulus(0).prime());
  for (std::size_t n = 0; n < ring.size(); ++n) {
    const auto value = static_cast<double>(ciphertext.c0[n]);
    noise.push_back(value > prime / 2 ? value - prime : value);
  }
  return noise;
}

TEST(Threshold, NoiseIsWhatTheFormulaSaysAndFarFromTheWorstCase) {
  const Ring ring;
  for (const std::int64_t sites : {2, 5}) {
    const Threshold threshold(ring, {.sites = sites});
    const Parties parties(threshold);
    Ciphertext sum{Polynomial(ring.words()), Polynomial(ring.words())};
    for (std::int64_t site = 0; site < sites; ++site) threshold.add(sum, threshold.encrypt(parties.joint, std::vector<std::uint64_t>(ring.size())));
    double squares = 0, most = 0;
    for (const double value : noise_of(ring, parties, sum)) {
      squares += value * value;
      most = std::max(most, std::abs(value));
    }
    // Variance 10.5 for every error, 2/3 for every ternary number: sites x (1 + 2 x sites x N x 2/3) x 10.5.
    const auto n = static_cast<double>(sites), size = static_cast<double>(ring.size());
    const double expected = std::sqrt(10.5 * n * (1 + 4 * n * size / 3)), rms = std::sqrt(squares / size);
    EXPECT_NEAR(rms, expected, 0.05 * expected) << sites << " sites";
    EXPECT_LT(most, 8 * expected);
    EXPECT_LT(most, std::ldexp(1.0, threshold.noise().sum));
  }
}

TEST(Threshold, RefusesParametersWithoutRoomForTheNoise) {
  const Ring ring;
  EXPECT_NO_THROW(Threshold(ring, {.sites = 70, .message_bits = 79, .smudging_bits = 80}));
  try {
    Threshold(ring, {.sites = 70, .message_bits = 80, .smudging_bits = 80});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("the noise of 70 sites takes"));
  }
  EXPECT_THROW(Threshold(ring, {.sites = 1}), Error);
  EXPECT_THROW(Threshold(ring, {.sites = 3, .smudging_bits = 39}), Error);
}

TEST(Threshold, JoinsOneDifferentShareOfEachSite) {
  const Ring ring(test::toy_ring());
  const Threshold threshold(ring, {.sites = 3});
  const Parties parties(threshold);
  EXPECT_THROW(threshold.join(parties.a, std::span(parties.public_shares).first(2)), Error);
  const std::vector<Polynomial> twice{parties.public_shares[0], parties.public_shares[1], parties.public_shares[1]};
  EXPECT_THROW(threshold.join(parties.a, twice), Error);
}

}  // namespace
}  // namespace consilium::fl
