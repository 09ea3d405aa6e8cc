#include "fl/encrypt/encrypted_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/encrypt/parties.h"

namespace consilium::fl {
namespace {

constexpr std::uint64_t kValues = 1000;

VectorTerms terms(std::int64_t sites) { return {.sites = sites, .values = kValues, .slots = {.bits = 40, .per_message = 4}, .context = "round 1"}; }

std::int64_t value_of(std::int64_t site, std::uint64_t n) { return (static_cast<std::int64_t>(n) - 500) * (site + 1) * 1234567; }

std::string encrypted(const VectorCipher& cipher, const JointKey& key, std::int64_t site) {
  std::string bytes;
  cipher.encrypt(
      key,
      [&](std::uint64_t first, std::span<std::int64_t> values) {
        for (std::size_t n = 0; n < values.size(); ++n) values[n] = value_of(site, first + n);
      },
      [&](std::string_view part) { bytes += part; });
  return bytes;
}

struct Round {
  explicit Round(std::int64_t sites) : ring(test::toy_ring()), cipher(ring, terms(sites)), parties(cipher.threshold()) {
    for (std::int64_t site = 0; site < sites; ++site) files.push_back(encrypted(cipher, parties.joint, site));
  }
  std::vector<ByteSource> sources() const {
    std::vector<ByteSource> all;
    for (const std::string& file : files) all.push_back(ByteSource::of_bytes(file));
    return all;
  }
  OneTimeKey key() const {
    Ciphertext sum{Polynomial(ring.words()), Polynomial(ring.words())};
    for (const ByteSource& source : sources()) cipher.threshold().add(sum, cipher.key_of(source));
    return sum_of_keys(cipher.threshold(), cipher.threshold().decrypt(sum.c0, parties.decryption_shares(cipher.threshold(), sum.c1)));
  }
  std::vector<std::int64_t> open() const {
    std::vector<std::int64_t> found;
    cipher.open_sum(key(), sources(), [&](std::uint64_t first, std::span<const std::int64_t> values) {
      EXPECT_EQ(first, found.size());
      found.insert(found.end(), values.begin(), values.end());
    });
    return found;
  }

  Ring ring;
  VectorCipher cipher;
  test::Parties parties;
  std::vector<std::string> files;
};

TEST(EncryptedVector, OpensAsTheSumOfAllSites) {
  for (const std::int64_t sites : {2, 3, 20}) {
    const Round round(sites);
    EXPECT_EQ(round.files[0].size(), round.cipher.encoded_bytes());
    const std::vector<std::int64_t> found = round.open();
    ASSERT_EQ(found.size(), kValues);
    for (std::uint64_t n = 0; n < kValues; ++n) {
      std::int64_t sum = 0;
      for (std::int64_t site = 0; site < sites; ++site) sum += value_of(site, n);
      ASSERT_EQ(found[n], sum) << n;
    }
  }
}

TEST(EncryptedVector, TheSameNumbersTwiceHaveNothingInCommon) {
  const Round round(2);
  const std::string again = encrypted(round.cipher, round.parties.joint, 0);
  ASSERT_EQ(again.size(), round.files[0].size());
  std::size_t same = 0;
  for (std::size_t n = 40; n < again.size(); ++n) same += again[n] == round.files[0][n] ? 1 : 0;
  const double expected = static_cast<double>(again.size() - 40) / 256;
  EXPECT_NEAR(static_cast<double>(same), expected, 6 * std::sqrt(expected)) << "fails by chance once in 500 million runs";
}

TEST(EncryptedVector, OneVectorAloneOrAnotherOneIsNeverOpened) {
  Round round(3);
  const OneTimeKey key = round.key();
  const auto ignore = [](std::uint64_t, std::span<const std::int64_t>) {};
  const auto error_of = [&](std::vector<ByteSource> sources) -> std::string {
    try {
      round.cipher.open_sum(key, sources, ignore);
      return "opened";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(error_of(round.sources()), "opened");
  std::vector<ByteSource> few = round.sources();
  few.pop_back();
  EXPECT_THAT(error_of(std::move(few)), testing::HasSubstr("2 encrypted vectors"));
  // A repeated upload has a new one-time key, which was not in the sum.
  round.files[1] = encrypted(round.cipher, round.parties.joint, 1);
  EXPECT_THAT(error_of(round.sources()), testing::HasSubstr("is no sum of ciphertexts"));
}

TEST(EncryptedVector, AnotherContextAnotherLengthAndOtherBytesAreRefused) {
  const Round round(2);
  VectorTerms other = terms(2);
  other.context = "round 2";
  const VectorCipher next(round.ring, other);
  const auto code_of = [&](const VectorCipher& cipher, const std::string& bytes) {
    try {
      cipher.key_of(ByteSource::of_bytes(bytes));
      return ErrorCode::kUnexpected;
    } catch (const Error& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code_of(next, round.files[0]), ErrorCode::kMismatch);
  EXPECT_EQ(code_of(round.cipher, round.files[0] + "x"), ErrorCode::kCorruptData);
  EXPECT_EQ(code_of(round.cipher, std::string(round.files[0].size(), 'x')), ErrorCode::kCorruptData);
  std::string residues = round.files[0];
  std::fill_n(residues.begin() + 40, 8, static_cast<char>(0xFF));
  EXPECT_EQ(code_of(round.cipher, residues), ErrorCode::kCorruptData);
}

TEST(EncryptedVector, AForeignKeyIsNoSumOfKeys) {
  const Round round(2);
  std::vector<std::uint64_t> messages(round.ring.size());
  EXPECT_NO_THROW(sum_of_keys(round.cipher.threshold(), messages));
  messages[3] = 2 * kOneTimeWidth + 1;
  EXPECT_THROW(sum_of_keys(round.cipher.threshold(), messages), Error);
}

TEST(OneTimeCipher, RefusesMessagesWithoutRoomForTheNoise) {
  const Ring ring;
  for (const std::int64_t sites : {2, 70, 1000}) {
    const int most = OneTimeCipher::most_message_bits(ring, sites);
    EXPECT_NO_THROW(OneTimeCipher(ring, sites, most, {}));
    EXPECT_THROW(OneTimeCipher(ring, sites, most + 1, {}), Error);
  }
  EXPECT_GE(OneTimeCipher::most_message_bits(ring, 70), 4 * slot_bits({.clip = 1, .fraction_bits = 20, .most_weight = 8192, .sites = 70}));
}

}  // namespace
}  // namespace consilium::fl
