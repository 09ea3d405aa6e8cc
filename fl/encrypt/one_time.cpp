#include "fl/encrypt/one_time.h"

#include <cmath>

namespace consilium::fl {
namespace {

/// Bits that a foreign sum must miss by, so that one coefficient of it passes for a true one with probability 2^-16.
constexpr int kMarginBits = 16;

int noise_of(std::int64_t sites) { return std::ilogb(static_cast<double>(sites) * (kOneTimeWidth + 0.5)) + 1; }

void fill_values(const Ring& ring, OneTimeKey& key) {
  key.values.assign(ring.words(), 0);
  ring.add_small(key.values, key.small);
  ring.to_values(key.values);
}

}  // namespace

OneTimeKey make_one_time_key(const Ring& ring) {
  KeyStream stream;
  OneTimeKey key{SecretVector<std::int64_t>(ring.size()), {}};
  sample_centred_binomial(stream, kOneTimeWidth, key.small);
  fill_values(ring, key);
  return key;
}

SecretVector<std::uint64_t> to_messages(const Threshold& threshold, const OneTimeKey& key) {
  const int bits = threshold.options().message_bits;
  require(bits <= 63, ErrorCode::kUsage, "keys are messages of at most 63 bits");
  SecretVector<std::uint64_t> messages(key.small.size());
  for (std::size_t n = 0; n < messages.size(); ++n) messages[n] = static_cast<std::uint64_t>(key.small[n]) & ((1ULL << bits) - 1);
  return messages;
}

OneTimeKey sum_of_keys(const Threshold& threshold, std::span<const std::uint64_t> messages) {
  const int unused = 64 - threshold.options().message_bits;
  const std::int64_t most = threshold.options().sites * kOneTimeWidth;
  OneTimeKey key{SecretVector<std::int64_t>(messages.size()), {}};
  for (std::size_t n = 0; n < messages.size(); ++n) {
    key.small[n] = static_cast<std::int64_t>(messages[n] << unused) >> unused;
    require(key.small[n] >= -most && key.small[n] <= most, ErrorCode::kCorruptData, "what was decrypted is no sum of one-time keys");
  }
  fill_values(threshold.ring(), key);
  return key;
}

OneTimeCipher::OneTimeCipher(const Ring& ring, std::int64_t sites, int message_bits, const Seed& seed) : ring_(&ring), scaling_(ring, message_bits), seed_(seed), noise_bits_(noise_of(sites)) {
  require(noise_bits_ + 1 + kMarginBits <= scaling_.room_bits(), ErrorCode::kRefused,
          "messages of " + std::to_string(message_bits) + " bits leave " + std::to_string(scaling_.room_bits()) + " bits of the modulus; " + std::to_string(sites) + " sites take " +
              std::to_string(noise_bits_ + 1 + kMarginBits));
}

int OneTimeCipher::most_message_bits(const Ring& ring, std::int64_t sites) { return Scaling(ring, 1).room_bits() + 1 - (noise_of(sites) + 1 + kMarginBits); }

void OneTimeCipher::encrypt(const OneTimeKey& key, std::uint64_t block, std::span<const std::uint64_t> messages, KeyStream& stream, Polynomial& ciphertext) const {
  SecretVector<std::int64_t> error(ring_->size());
  sample_centred_binomial(stream, kOneTimeWidth, error);
  SecretPolynomial sealed(ring_->words());
  ring_->add_small(sealed, error);
  scaling_.add_scaled(messages, sealed);
  ring_->to_values(sealed);
  ciphertext = ring_->uniform(seed_, block);
  ring_->multiply(ciphertext, key.values);
  ring_->add(ciphertext, sealed);
}

void OneTimeCipher::decrypt(const OneTimeKey& sum_of_keys, std::uint64_t block, Polynomial& sum, std::span<std::uint64_t> messages) const {
  Polynomial mask = ring_->uniform(seed_, block);
  ring_->multiply(mask, sum_of_keys.values);
  ring_->subtract(sum, mask);
  ring_->to_coefficients(sum);
  scaling_.take_messages(sum, noise_bits_, messages);
}

}  // namespace consilium::fl
