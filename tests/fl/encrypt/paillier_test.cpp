#include "fl/encrypt/paillier.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "fl/encrypt/encrypted_vector.h"
#include "tests/fl/encrypt/parties.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";
mpz_class number(const Json& json) { return mpz_class(json.is_string() ? json.get<std::string>() : json.dump()); }

TEST(Paillier, EncryptsAsTheOraclesSay) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json regression = test::oracle("algorithms", "paillier_regression");
  const PaillierPrivateKey key(number(regression["input"]["p"]), number(regression["input"]["q"]));
  EXPECT_EQ(key.public_key().n(), number(regression["input"]["n"]));
  const mpz_class ciphertext = key.public_key().encrypt(number(regression["input"]["m"]), number(regression["input"]["r"]));
  EXPECT_EQ(ciphertext, number(regression["expected"]["c"]));
  EXPECT_EQ(key.decrypt(ciphertext), number(regression["expected"]["dec"]));
  const Json one = test::oracle("algorithms", "paillier_r1");
  EXPECT_EQ(PaillierPublicKey(number(one["input"]["n"])).encrypt(number(one["input"]["m"]), number(one["input"]["r"])), number(one["expected"]));
}

TEST(Paillier, PacksAsTheOracleSays) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "paillier_packing");
  const int bits = oracle["input"]["slot_bits"].get<int>();
  const auto a = oracle["input"]["a"].get<std::vector<std::int64_t>>(), b = oracle["input"]["b"].get<std::vector<std::int64_t>>();
  EXPECT_EQ(pack_slots(a, bits), number(oracle["expected"]["pack_a"]));
  const mpz_class sum = pack_slots(a, bits) + pack_slots(b, bits);
  EXPECT_EQ(sum, number(oracle["expected"]["sum"]));
  EXPECT_EQ(unpack_slots(sum, a.size(), bits), oracle["expected"]["unpack"].get<std::vector<std::int64_t>>());
}

TEST(Paillier, HasTheSlotsThatBatchCryptCounts) {
  EXPECT_EQ(paillier_slots(PaillierPublicKey((mpz_class(1) << 2047) + 1), 32), 63U);
  EXPECT_EQ(paillier_slots(PaillierPublicKey((mpz_class(1) << 3071) + 1), 32), 95U);
}

TEST(Paillier, PacksSignedNumbersAtTheEdges) {
  for (const int bits : {2, 31, 32, 63}) {
    const std::int64_t half = 1LL << (bits - 1);
    const std::vector<std::int64_t> values{half - 1, -half, 0, -1, 1, -half};
    EXPECT_EQ(unpack_slots(pack_slots(values, bits), values.size(), bits), values);
    EXPECT_THROW(pack_slots(std::vector<std::int64_t>{half}, bits), Error);
    EXPECT_THROW(pack_slots(std::vector<std::int64_t>{-half - 1}, bits), Error);
  }
  EXPECT_THROW(unpack_slots(mpz_class(1) << 64, 2, 32), Error);
}

TEST(Paillier, AddsMultipliesAndHidesWhatItComputed) {
  const PaillierPrivateKey key(mpz_class("1000003"), mpz_class("1000033"));
  const PaillierPublicKey& open = key.public_key();
  const auto sealed = [&](long value) { return open.encrypt(open.from_signed(value)); };
  EXPECT_EQ(open.to_signed(key.decrypt(open.add(sealed(1234), sealed(-5000)))), -3766);
  EXPECT_EQ(open.to_signed(key.decrypt(open.multiply(sealed(-77), 1000))), -77000);
  EXPECT_EQ(open.to_signed(key.decrypt(open.multiply(sealed(77), -3))), -231);
  const mpz_class one = sealed(5), other = open.rerandomise(one);
  EXPECT_NE(one, other);
  EXPECT_EQ(key.decrypt(other), 5);
  EXPECT_NE(sealed(5), sealed(5));
  // Two sums that each fit, whose sum is neither small nor near n.
  const mpz_class third = open.n() / 3;
  EXPECT_THROW(open.to_signed(key.decrypt(open.add(open.encrypt(open.from_signed(third)), open.encrypt(open.from_signed(third))))), Error);
  EXPECT_THROW(open.from_signed(third + 1), Error);
}

TEST(Paillier, RefusesKeysAndNumbersThatAreNone) {
  EXPECT_THROW(PaillierPrivateKey(293, 293), Error);
  EXPECT_THROW(PaillierPrivateKey(293, 434), Error);
  EXPECT_THROW(PaillierPrivateKey(3, 433), Error) << "another length";
  EXPECT_NO_THROW(PaillierPrivateKey(5, 7));
}

TEST(Paillier, RefusesForeignCiphertexts) {
  const PaillierPrivateKey key(293, 433);
  for (const mpz_class& bad : {mpz_class(0), mpz_class(-1), mpz_class(126869), mpz_class(293), mpz_class("16095743161")}) EXPECT_THROW(key.decrypt(bad), Error) << bad;
  EXPECT_THROW(key.public_key().encrypt(126869), Error);
  EXPECT_THROW(key.public_key().encrypt(-1), Error);
  EXPECT_THROW(key.public_key().encrypt(1, 293), Error) << "r shares a factor with n";
  EXPECT_THROW(PaillierPublicKey(mpz_class(16)), Error);
}

TEST(Paillier, ShortKeysAreRefused) {
  try {
    generate_paillier(2048);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
  }
}

TEST(Encryption, BothSchemesAndThePlainSumAgreeBitForBit) {
  constexpr int kSites = 3;
  const Ring ring;
  const Slots slots{.bits = 42, .per_message = 4};
  Rng rng(10);
  std::vector<std::vector<std::int64_t>> values(kSites, std::vector<std::int64_t>(500));
  std::vector<std::int64_t> plain(500);
  for (auto& site : values)
    for (std::size_t n = 0; n < site.size(); ++n) {
      site[n] = static_cast<std::int64_t>(rng.next()) >> 25;  // 39 bits: three of them fit
      plain[n] += site[n];
    }
  // Ring-LWE.
  const VectorCipher cipher(ring, {.sites = kSites, .values = plain.size(), .slots = slots, .context = "agreement"});
  const test::Parties parties(cipher.threshold());
  std::vector<std::string> files(kSites);
  std::vector<ByteSource> sources;
  Ciphertext key_sum{Polynomial(ring.words()), Polynomial(ring.words())};
  for (int site = 0; site < kSites; ++site) {
    std::string& file = files[static_cast<std::size_t>(site)];
    cipher.encrypt(parties.joint, [&](std::uint64_t first, std::span<std::int64_t> part) { std::copy_n(values[static_cast<std::size_t>(site)].begin() + static_cast<std::ptrdiff_t>(first), part.size(), part.begin()); },
                   [&](std::string_view bytes) { file += bytes; });
    sources.push_back(ByteSource::of_bytes(file));
    cipher.threshold().add(key_sum, cipher.key_of(sources.back()));
  }
  const OneTimeKey key = sum_of_keys(cipher.threshold(), cipher.threshold().decrypt(key_sum.c0, parties.decryption_shares(cipher.threshold(), key_sum.c1)));
  std::vector<std::int64_t> by_ring;
  cipher.open_sum(key, sources, [&](std::uint64_t, std::span<const std::int64_t> part) { by_ring.insert(by_ring.end(), part.begin(), part.end()); });
  EXPECT_EQ(by_ring, plain);
  // Paillier.
  const PaillierPrivateKey paillier = generate_paillier();
  const PaillierPublicKey& open = paillier.public_key();
  const std::size_t each = paillier_slots(open, slots.bits);
  std::vector<std::int64_t> by_paillier;
  for (std::size_t first = 0; first < plain.size(); first += each) {
    const std::size_t count = std::min(each, plain.size() - first);
    mpz_class sum = open.encrypt(0);
    for (const auto& site : values) sum = open.add(sum, open.encrypt(open.from_signed(pack_slots(std::span(site).subspan(first, count), slots.bits))));
    const std::vector<std::int64_t> part = unpack_slots(open.to_signed(paillier.decrypt(sum)), count, slots.bits);
    by_paillier.insert(by_paillier.end(), part.begin(), part.end());
  }
  EXPECT_EQ(by_paillier, plain);
}

}  // namespace
}  // namespace consilium::fl
