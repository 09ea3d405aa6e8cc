#include "fl/encrypt/encrypted_vector.h"
#include "fl/encrypt/encryption_messages.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/guard.h"

namespace consilium::fuzz {
namespace {

/// As in make_corpus.py; small, so that mutations reach every field.
const fl::VectorCipher& cipher() {
  static const fl::Ring kRing({.size = 8, .prime_bits = 50, .primes = 4, .security = fl::Security::kToy});
  static const fl::VectorCipher kCipher(kRing, {.sites = 2, .values = 70, .slots = {.bits = 40, .per_message = 4}, .context = "fuzz"});
  return kCipher;
}

}  // namespace

void fuzz_encrypted(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  accepted([&] { expect(fl::encode(fl::parse_encryption_stage(text)) == text, "a stage that was read is written as another"); });
  accepted([&] { expect(fl::encode(fl::parse_encryption_member(text, "site")) == text, "a member that was read is written as another"); });
  accepted([&] { fl::parse_shown(cipher().threshold().ring(), text); });
  const fl::ByteSource source = fl::ByteSource::of_bytes(text);
  fl::Ciphertext key;
  if (!accepted([&] { key = cipher().key_of(source); })) return;
  const fl::Ring& ring = cipher().threshold().ring();
  std::string again;
  ring.encode(key.c0, again);
  ring.encode(key.c1, again);
  expect(again == source.read(40, again.size()), "an encrypted key that was read is written as another");
  // Opened with a key of its own, as no coordinator could: numbers of the right count, or a refusal.
  fl::OneTimeKey zero{fl::SecretVector<std::int64_t>(ring.size()), fl::SecretPolynomial(ring.words())};
  std::vector<fl::ByteSource> both;
  both.push_back(fl::ByteSource::of_bytes(text));
  both.push_back(fl::ByteSource::of_bytes(text));
  std::uint64_t count = 0;
  if (accepted([&] { cipher().open_sum(zero, both, [&](std::uint64_t, std::span<const std::int64_t> values) { count += values.size(); }); }))
    expect(count == 70, "a vector of another length came out");
}

std::vector<std::string> encrypted_examples() {
  const fl::Threshold& threshold = cipher().threshold();
  const fl::Polynomial a = threshold.ring().uniform(fl::derive_seed("fuzz", "a"), 0);
  const std::vector<fl::Polynomial> shares{threshold.make_key(a).public_share, threshold.make_key(a).public_share};
  std::string bytes;
  cipher().encrypt(threshold.join(a, shares), [](std::uint64_t, std::span<std::int64_t>) {}, [&](std::string_view part) { bytes += part; });
  const fl::EncryptionMember member{"a", "-----BEGIN CERTIFICATE-----", std::string(32, 'c'), "signature", {"a", "b"}};
  fl::EncryptionMember other = member;
  other.site = "b";
  // The last opens with the key 0: its blocks are 0.
  return {bytes, fl::encode(fl::EncryptionStageBody{std::string(16, 'k'), {member, other}}), fl::encode(member), bytes.substr(24, 16 + 2 * threshold.ring().encoded_bytes()),
          bytes.substr(0, 40 + 2 * threshold.ring().encoded_bytes()) + std::string(bytes.size() - 40 - 2 * threshold.ring().encoded_bytes(), '\0')};
}

}  // namespace consilium::fuzz
