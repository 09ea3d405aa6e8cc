#include <gtest/gtest.h>

#include "base/text.h"
#include "fl/secure/chacha20.h"
#include "fl/secure/fixed_point.h"
#include "fl/secure/hkdf.h"
#include "fl/secure/key_agreement.h"
#include "fl/secure/mask.h"
#include "fl/secure/shamir.h"
#include "fl/signature.h"
#include "fl/x509.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

// What secure aggregation is made of, against the RFCs.
namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

std::string bytes(const std::string& hex) { return from_hex(hex, hex.size() / 2, "test"); }
Secret32 secret(const std::string& hex) { return Secret32(bytes(hex)); }
std::string hex(const Secret32& secret) { return to_hexadecimal(secret.view()); }
/// The bytes first, first + 1, ... last.
std::string run(int first, int last) {
  std::string all;
  for (int byte = first; byte <= last; ++byte) all += static_cast<char>(byte);
  return all;
}
ChaChaNonce nonce(const std::string& hex) {
  ChaChaNonce nonce;
  const std::string all = bytes(hex);
  std::copy(all.begin(), all.end(), nonce.begin());
  return nonce;
}
std::string key_stream(const Secret32& key, const ChaChaNonce& nonce, std::uint32_t counter, const std::string& text = std::string(64, '\0')) {
  std::string out(text.size(), '\0');
  chacha20_xor(key, nonce, counter, {reinterpret_cast<const unsigned char*>(text.data()), text.size()}, {reinterpret_cast<unsigned char*>(out.data()), out.size()});
  return to_hexadecimal(out);
}
const std::string kSunscreen = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";

TEST(KeyAgreement, IsX25519OfRfc7748) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  for (const char* name : {"x25519_rfc7748_1", "x25519_rfc7748_2"}) {
    const Json oracle = test::oracle("algorithms", name);
    EXPECT_EQ(hex(x25519_shared_secret(secret(oracle["input"]["scalar"]), bytes(oracle["input"]["u"]))), oracle["expected"]) << name;
  }
  const Json pair = test::oracle("algorithms", "x25519_dh");
  const Secret32 alice = secret(pair["input"]["alice_sk"]), bob = secret(pair["input"]["bob_sk"]);
  EXPECT_EQ(to_hexadecimal(x25519_public_key(alice)), pair["expected"]["alice_pk"]);
  EXPECT_EQ(to_hexadecimal(x25519_public_key(bob)), pair["expected"]["bob_pk"]);
  EXPECT_EQ(hex(x25519_shared_secret(alice, x25519_public_key(bob))), pair["expected"]["shared"]);
  EXPECT_EQ(hex(x25519_shared_secret(bob, x25519_public_key(alice))), pair["expected"]["shared"]);
}

TEST(KeyAgreement, IteratedAsInRfc7748) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "x25519_iterated");
  Secret32 k(std::string(1, '\x09') + std::string(31, '\0'));
  std::string u(k.view());
  for (int n = 1; n <= 1000; ++n) {
    const Secret32 next = x25519_shared_secret(k, u);
    u = std::string(k.view());
    k = next;
    if (n == 1) {
      EXPECT_EQ(hex(k), oracle["expected"][0]);
    }
  }
  EXPECT_EQ(hex(k), oracle["expected"][1]);
}

TEST(KeyAgreement, RefusesKeysThatAgreeWithEverybody) {
  const Secret32 own = random_secret();
  if (!test::is_absent(kFile)) {
    EXPECT_THROW(x25519_shared_secret(own, bytes(test::oracle("algorithms", "x25519_low_order_rejected")["input"]["peer_u"])), Error);
  }
  for (const std::string& low : {std::string(32, '\0'), std::string(1, '\1') + std::string(31, '\0'), bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")})
    EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { x25519_shared_secret(own, low); }).find("agrees with nobody"), std::string::npos);
  EXPECT_THROW(x25519_shared_secret(own, std::string(31, 'a')), Error);
}

TEST(Hkdf, IsRfc5869AndRfc4231) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json one = test::oracle("algorithms", "hkdf_sha256_case1"), two = test::oracle("algorithms", "hkdf_sha256_case2"), three = test::oracle("algorithms", "hkdf_sha256_case3");
  const Secret32 prk = hkdf_extract_sha256(bytes(one["input"]["salt"]), bytes(one["input"]["ikm"]));
  EXPECT_EQ(hex(prk), one["expected"]["prk"]);
  EXPECT_EQ(to_hexadecimal(hkdf_expand_sha256(prk.view(), bytes(one["input"]["info"]), 42)), one["expected"]["okm"]);
  const Secret32 long_prk = hkdf_extract_sha256(run(0x60, 0xaf), run(0, 0x4f));
  EXPECT_EQ(hex(long_prk), two["expected"]["prk"]);
  EXPECT_EQ(to_hexadecimal(hkdf_expand_sha256(long_prk.view(), run(0xb0, 0xff), 82)), two["expected"]["okm"]);
  const Secret32 bare = hkdf_extract_sha256("", bytes(three["input"]["ikm"]));
  EXPECT_EQ(hex(bare), three["expected"]["prk"]);
  EXPECT_EQ(to_hexadecimal(hkdf_expand_sha256(bare.view(), "", 42)), three["expected"]["okm"]);
  const Json mac = test::oracle("algorithms", "hmac_sha256_rfc4231_1");
  EXPECT_EQ(hex(hmac_sha256(bytes(mac["input"]["key"]), mac["input"]["data"].get<std::string>())), mac["expected"]);
  EXPECT_THROW(hkdf_expand_sha256(prk.view(), "", 8161), Error);
}

TEST(ChaCha20, IsRfc8439) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Secret32 counting(run(0, 31));
  EXPECT_EQ(key_stream(counting, nonce("000000090000004a00000000"), 1), test::oracle("algorithms", "chacha20_block_rfc8439_2.3.2")["expected"]);
  const Json zero = test::oracle("algorithms", "chacha20_zero_key");
  for (std::uint32_t counter : {0U, 1U}) EXPECT_EQ(key_stream(Secret32(), {}, counter), zero["expected"][counter]);
  EXPECT_EQ(key_stream(counting, nonce("000000000000004a00000000"), 1, kSunscreen), test::oracle("algorithms", "chacha20_encrypt_rfc8439_2.4.2")["expected"]);
  const Json sealed = test::oracle("algorithms", "chacha20poly1305_rfc8439_2.8.2");
  const Secret32 key(run(0x80, 0x9f));
  const ChaChaNonce number = nonce(sealed["input"]["nonce"]);
  const std::string aad = bytes(sealed["input"]["aad"]), out = seal_chacha20_poly1305(key, kSunscreen, aad, number);
  EXPECT_EQ(to_hexadecimal(out.substr(0, 16)), sealed["expected"]["ct_prefix"]);
  EXPECT_EQ(to_hexadecimal(out.substr(out.size() - 16)), sealed["expected"]["tag"]);
  EXPECT_EQ(open_chacha20_poly1305(key, out, aad, number), kSunscreen);
}

TEST(ChaCha20, OpensNothingThatWasChanged) {
  const Secret32 key = random_secret();
  const std::string sealed = seal_chacha20_poly1305(key, "a share", "for whom");
  for (std::size_t n = 0; n < sealed.size(); ++n) {
    std::string changed = sealed;
    changed[n] = static_cast<char>(changed[n] ^ 1);
    EXPECT_FALSE(open_chacha20_poly1305(key, changed, "for whom"));
  }
  EXPECT_FALSE(open_chacha20_poly1305(key, sealed, "for another"));
  EXPECT_FALSE(open_chacha20_poly1305(random_secret(), sealed, "for whom"));
  EXPECT_FALSE(open_chacha20_poly1305(key, sealed.substr(0, 15), "for whom"));
}

TEST(Mask, IsTheKeyStreamFromAnyBlockOn) {
  const Secret32 key;
  std::vector<std::uint64_t> whole(5000), part(1003);
  apply_mask(key, MaskSign::kAdd, 0, whole);
  EXPECT_EQ(whole[0] & 0xFFFFFFFF, 0xade0b876U);  // the first word of RFC 8439, A.1
  apply_mask(key, MaskSign::kAdd, 2400, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 2400));
  apply_mask(key, MaskSign::kSubtract, 2400, part);
  EXPECT_EQ(part, std::vector<std::uint64_t>(1003, 0));
  EXPECT_THROW(apply_mask(key, MaskSign::kAdd, 3, part), Error);
}

/// Modulo 2^16, which divides 2^64.
TEST(Mask, OfPairsAddsToNothing) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "secagg_sum_mod_2_16");
  using Numbers = std::vector<std::uint64_t>;
  const auto reduced = [](Numbers numbers) {
    for (std::uint64_t& number : numbers) number %= 65536;
    return numbers;
  };
  const Json& in = oracle["input"];
  Numbers sum(3), opened(3);
  for (const std::string own : {"1", "2", "3"}) {
    auto y = in["x"][own].get<Numbers>();
    add_mask(in["self_masks"][own].get<Numbers>(), MaskSign::kAdd, y);
    for (const std::string other : {"1", "2", "3"})
      if (own != other) add_mask(in["pair_masks"]["m" + std::min(own, other) + std::max(own, other)].get<Numbers>(), pair_sign(own, other), y);
    EXPECT_EQ(reduced(y), oracle["expected"]["y"][own].get<Numbers>()) << own;
    add_mask(y, MaskSign::kAdd, sum);
    add_mask(y, MaskSign::kAdd, opened);
    add_mask(in["self_masks"][own].get<Numbers>(), MaskSign::kSubtract, opened);
  }
  EXPECT_EQ(reduced(sum), oracle["expected"]["sum_y_mod"].get<Numbers>());
  EXPECT_EQ(reduced(opened), oracle["expected"]["sum_x"].get<Numbers>());
}

TEST(Signature, IsEd25519OfRfc8032) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "ed25519_rfc8032_1");
  const SigningKeys keys = ed25519_keys_of(bytes(oracle["input"]["sk"]));
  EXPECT_EQ(to_hexadecimal(raw_public_key(keys.public_pem)), oracle["expected"]["pk"]);
  EXPECT_EQ(to_hexadecimal(sign(keys.private_pem, "")), oracle["expected"]["sig"]);
  EXPECT_TRUE(is_signed(keys.public_pem, "", bytes(oracle["expected"]["sig"])));
}

TEST(Signature, HoldsForThoseBytesAndThatKeyOnly) {
  const Key p256 = make_p256_key();
  const SigningKeys ed = make_ed25519_keys(), other = make_ed25519_keys();
  const std::string by_ed = sign(ed.private_pem, "words"), by_p256 = sign(to_pem(p256.get()), "words");
  EXPECT_TRUE(is_signed(ed.public_pem, "words", by_ed));
  EXPECT_FALSE(is_signed(ed.public_pem, "word", by_ed));
  EXPECT_FALSE(is_signed(other.public_pem, "words", by_ed));
  EXPECT_FALSE(is_signed(ed.public_pem, "words", by_p256));
  EXPECT_FALSE(is_signed(ed.public_pem, "words", ""));
}

std::vector<BigNumber> numbers(const Json& texts) {
  std::vector<BigNumber> all;
  for (const Json& text : texts) {
    BIGNUM* number = nullptr;
    BN_dec2bn(&number, text.get<std::string>().c_str());
    all.emplace_back(number);
  }
  return all;
}
std::string decimal(const BigNumber& number) {
  char* text = BN_bn2dec(number.get());
  std::string copy = text;
  OPENSSL_free(text);
  return copy;
}

TEST(Shamir, SharesAndSecretsOfKnownPolynomials) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  for (const char* name : {"shamir_p1613", "shamir_m31", "shamir_m61", "shamir_25519"}) {
    SCOPED_TRACE(name);
    const Json oracle = test::oracle("algorithms", name);
    const ShamirField field(oracle["input"]["p"].get<std::string>());
    const std::vector<BigNumber> coefficients = numbers(oracle["input"]["coefficients_c0_is_secret"]);
    const auto xs = oracle["input"]["x"].get<std::vector<std::uint32_t>>(), chosen = oracle["input"]["reconstruct_from"].get<std::vector<std::uint32_t>>();
    std::vector<BigNumber> used;
    for (std::size_t n = 0; n < xs.size(); ++n) EXPECT_EQ(decimal(field.evaluate(coefficients, xs[n])), oracle["expected"]["shares"][n]);
    for (const std::uint32_t x : chosen) used.push_back(field.evaluate(coefficients, x));
    EXPECT_EQ(decimal(field.combine(chosen, used)), oracle["expected"]["secret"]);
    const std::vector<BigNumber> weights = field.lagrange_at_zero(chosen);
    for (std::size_t n = 0; n < weights.size(); ++n) EXPECT_EQ(decimal(weights[n]), oracle["expected"]["lagrange_at_0"][n]);
  }
}

TEST(Shamir, AnyThresholdOfSharesGivesTheSecretAndFewerDoNot) {
  const Secret32 secret = random_secret();
  const std::vector<std::uint32_t> xs{1, 2, 3, 4, 5};
  const std::vector<Secret32> shares = split_secret(secret, 3, xs);
  for (std::uint32_t set = 0; set < 32; ++set) {
    std::vector<std::uint32_t> places;
    std::vector<Secret32> some;
    for (std::size_t n = 0; n < 5; ++n)
      if ((set >> n & 1U) != 0) places.push_back(xs[n]), some.push_back(shares[n]);
    if (some.empty()) continue;
    EXPECT_EQ(combine_secret(places, some) == secret, some.size() >= 3) << set;
  }
}

TEST(Shamir, RefusesWhatIsNoSharing) {
  const std::vector<std::uint32_t> zero{0, 1, 2}, twice{1, 1, 2}, two{1, 2};
  for (const auto& xs : {zero, twice}) EXPECT_THROW(split_secret(random_secret(), 2, xs), Error);
  EXPECT_THROW(split_secret(random_secret(), 3, two), Error);
  EXPECT_THROW(ShamirField("1612"), Error);
  EXPECT_THROW(ShamirField("12x"), Error);
  const std::vector<Secret32> outside(2, Secret32(std::string(32, '\xff')));
  EXPECT_NE(test::refusal(ErrorCode::kCorruptData, [&] { combine_secret(two, outside); }).find("outside the field"), std::string::npos);
  EXPECT_THROW(split_secret(outside[0], 2, two), Error);
}

TEST(FixedPoint, EncodesAsTwosComplement) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "fixed_point_encode");
  const FixedPoint code{8, oracle["input"]["s"].get<double>()};
  for (std::size_t n = 0; n < oracle["input"]["x"].size(); ++n) EXPECT_EQ(static_cast<std::uint64_t>(code.encode(oracle["input"]["x"][n].get<double>())) & 0xFFFFFFFFU, oracle["expected"][n].get<std::uint64_t>());
}

/// What others let pass in silence is counted here.
TEST(FixedPoint, CutsOffAtTheClipAndSaysHowMany) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "flower_quantize_bounds");
  const double clip = oracle["input"]["clip"], range = oracle["input"]["target_range"];
  const FixedPoint code{clip, range / (2 * clip)};
  const auto x = oracle["input"]["x"].get<std::vector<float>>();
  std::vector<std::uint64_t> integers(x.size());
  EXPECT_EQ(code.encode(x, 1, integers), 1U);
  for (std::size_t n = 0; n < x.size(); ++n) {
    EXPECT_EQ(static_cast<std::int64_t>(integers[n]) + static_cast<std::int64_t>(range / 2), oracle["expected"]["q"][n].get<std::int64_t>());
    EXPECT_EQ(code.decode(integers[n]), oracle["expected"]["dequant"][n].get<double>());
  }
}

TEST(FixedPoint, RoundsToNearestHalfToEven) {
  const FixedPoint code{8, 1};
  for (const auto& [value, integer] : {std::pair{0.5, 0}, {1.5, 2}, {2.5, 2}, {-0.5, 0}, {-1.5, -2}, {-2.5, -2}, {2.4999, 2}, {7.6, 8}}) EXPECT_EQ(code.encode(value), integer) << value;
}

TEST(FixedPoint, CountsTheBitsOfASum) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "secagg_modulus_sizing");
  for (std::size_t n = 0; n < oracle["input"].size(); ++n) {
    const Json& in = oracle["input"][n];
    const SumBits bits{in["value_bits"], in["weight_bits"], bits_for(in["n"].get<double>())};
    EXPECT_EQ(bits.total(), oracle["expected"]["bits_needed"][n].get<std::int64_t>());
  }
  // Reference 3.2: clip 8, s = 2^16, weights up to 8192, 70 sites: 41 bits.
  EXPECT_EQ(sum_bits({.clip = 8, .fraction_bits = 16, .most_cases = 8192}, 70).total(), 41);
}

TEST(FixedPoint, RefusesASumThatTheRingCannotHold) {
  EXPECT_NO_THROW(require_fits_ring({}, 1000, "plan"));
  const std::string words = test::refusal(ErrorCode::kUsage, [] { require_fits_ring({.clip = 64, .fraction_bits = 40, .most_cases = 100000}, 70, "plan"); });
  EXPECT_NE(words.find("plan: the sum needs 72 bits (48 for a value, 17 for most_cases, 7 for the sites), the ring has 63"), std::string::npos) << words;
  EXPECT_THROW(require_fits_ring({.clip = 1000, .fraction_bits = 48}, 3, "plan"), Error);
}

}  // namespace
}  // namespace consilium::fl
