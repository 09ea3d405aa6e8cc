#include "fl/encrypt/encrypted_vector.h"

#include <algorithm>

#include "base/parallel.h"

namespace consilium::fl {
namespace {

constexpr std::string_view kMagic = "CNSLHE1\n";
constexpr std::uint64_t kMostValues = 1ULL << 36;
/// Blocks that are in memory at once, for each thread one.
std::uint64_t batch_blocks() { return std::max<std::uint64_t>(1, thread_limit()); }

/// Keys add up to at most sites * kOneTimeWidth, and a sign.
int key_message_bits(std::int64_t sites) {
  int bits = 2;
  while ((std::int64_t{1} << (bits - 1)) <= sites * kOneTimeWidth) ++bits;
  return bits;
}

std::string describe(const Ring& ring, const VectorTerms& terms) {
  std::string bytes;
  for (const Ntt& ntt : ring.transforms()) put(bytes, ntt.modulus().prime());
  for (const std::uint64_t number : {static_cast<std::uint64_t>(ring.size()), static_cast<std::uint64_t>(terms.sites), terms.values, static_cast<std::uint64_t>(terms.slots.bits),
                                     static_cast<std::uint64_t>(terms.slots.per_message), static_cast<std::uint64_t>(terms.smudging_bits)})
    put(bytes, number);
  return bytes + terms.context;
}

const VectorTerms& checked(const VectorTerms& terms) {
  validate(terms.slots);
  require(terms.values >= 1 && terms.values <= kMostValues, ErrorCode::kUsage, "a vector has 1 to 2^36 numbers");
  return terms;
}

}  // namespace

VectorCipher::VectorCipher(const Ring& ring, const VectorTerms& terms)
    : terms_(checked(terms)),
      threshold_(ring, {.sites = terms.sites, .message_bits = key_message_bits(terms.sites), .smudging_bits = terms.smudging_bits}),
      cipher_(ring, terms.sites, terms.slots.message_bits(), derive_seed("consilium one-time a", describe(ring, terms))) {}

std::string VectorCipher::head() const {
  const Seed digest = derive_seed("consilium vector terms", describe(threshold_.ring(), terms_));
  return std::string(kMagic) + std::string(digest.begin(), digest.end());
}

std::span<std::int64_t> VectorCipher::values_of(std::uint64_t block, std::span<std::int64_t> values) const {
  return values.first(static_cast<std::size_t>(std::min(values_per_block(), terms_.values - block * values_per_block())));
}

void VectorCipher::encrypt(const JointKey& joint, Ephemeral ephemeral, const Fill& fill, const Write& write) const {
  const Ring& ring = threshold_.ring();
  const OneTimeKey key = make_one_time_key(ring);
  const Ciphertext sealed_key = threshold_.encrypt(joint, std::move(ephemeral), to_messages(threshold_, key));
  std::string bytes = head();
  ring.encode(sealed_key.c0, bytes);
  ring.encode(sealed_key.c1, bytes);
  write(bytes);
  const std::size_t limbs = terms_.slots.limbs(), each = static_cast<std::size_t>(terms_.slots.per_message);
  std::vector<std::string> batch(batch_blocks());
  for (std::uint64_t begin = 0; begin < blocks(); begin += batch.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(batch.size(), blocks() - begin);
    parallel_for(count, 1, [&](std::size_t first, std::size_t last) {
      SecretVector<std::int64_t> values(values_per_block());
      SecretVector<std::uint64_t> messages(ring.size() * limbs);
      KeyStream stream;
      Polynomial block;
      for (std::size_t n = first; n < last; ++n) {
        std::fill(values.begin(), values.end(), 0);
        fill((begin + n) * values_per_block(), values_of(begin + n, values));
        for (std::size_t c = 0; c < ring.size(); ++c) pack(terms_.slots, std::span(values).subspan(c * each, each), std::span(messages).subspan(c * limbs, limbs));
        cipher_.encrypt(key, begin + n, messages, stream, block);
        batch[n].clear();
        ring.encode(block, batch[n]);
      }
    });
    for (std::size_t n = 0; n < count; ++n) write(batch[n]);
  }
}

void VectorCipher::require_encrypted(const ByteSource& bytes) const {
  require(bytes.size_bytes() == encoded_bytes(), ErrorCode::kCorruptData, "an encrypted vector has " + std::to_string(bytes.size_bytes()) + " bytes, expected " + std::to_string(encoded_bytes()));
  const std::string found = bytes.read(0, kHeadBytes);
  require(found.starts_with(kMagic), ErrorCode::kCorruptData, "these bytes are no encrypted vector");
  require(found == head(), ErrorCode::kMismatch, "an encrypted vector belongs to another run, round or key, or has other parameters");
}

Ciphertext VectorCipher::key_of(const ByteSource& bytes) const {
  require_encrypted(bytes);
  const std::uint64_t size = threshold_.ring().encoded_bytes();
  return {threshold_.ring().decode(bytes.read(kHeadBytes, size)), threshold_.ring().decode(bytes.read(kHeadBytes + size, size))};
}

void VectorCipher::open_sum(const OneTimeKey& sum_of_keys, std::span<const ByteSource> vectors, const Take& take) const {
  require(static_cast<std::int64_t>(vectors.size()) == terms_.sites, ErrorCode::kRefused,
          std::to_string(vectors.size()) + " encrypted vectors, expected one of each of " + std::to_string(terms_.sites) + " sites");
  for (const ByteSource& vector : vectors) require_encrypted(vector);
  const Ring& ring = threshold_.ring();
  const std::size_t limbs = terms_.slots.limbs(), each = static_cast<std::size_t>(terms_.slots.per_message);
  std::vector<std::vector<std::int64_t>> batch(batch_blocks(), std::vector<std::int64_t>(values_per_block()));
  for (std::uint64_t begin = 0; begin < blocks(); begin += batch.size()) {
    const std::uint64_t count = std::min<std::uint64_t>(batch.size(), blocks() - begin);
    parallel_for(count, 1, [&](std::size_t first, std::size_t last) {
      Polynomial sum(ring.words()), term(ring.words());
      std::vector<std::uint64_t> messages(ring.size() * limbs);
      for (std::size_t n = first; n < last; ++n) {
        std::fill(sum.begin(), sum.end(), 0);
        for (const ByteSource& vector : vectors) {
          ring.decode(vector.read(kHeadBytes + (2 + begin + n) * ring.encoded_bytes(), ring.encoded_bytes()), term);
          ring.add(sum, term);
        }
        cipher_.decrypt(sum_of_keys, begin + n, sum, messages);
        for (std::size_t c = 0; c < ring.size(); ++c) unpack(terms_.slots, std::span(messages).subspan(c * limbs, limbs), std::span(batch[n]).subspan(c * each, each));
      }
    });
    for (std::size_t n = 0; n < count; ++n) take((begin + n) * values_per_block(), values_of(begin + n, batch[n]));
  }
}

}  // namespace consilium::fl
