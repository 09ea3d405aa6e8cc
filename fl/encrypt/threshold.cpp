#include "fl/encrypt/threshold.h"

#include <algorithm>
#include <cmath>

namespace consilium::fl {
namespace {

constexpr std::int64_t kMostSites = 10000;

int bits_above(double value) { return std::ilogb(value) + 1; }

}  // namespace

NoiseBits noise_bits(const Ring& ring, const ThresholdOptions& options) {
  const auto n = static_cast<double>(options.sites), size = static_cast<double>(ring.size());
  // (sum of e_i) u + e0 + e1 (sum of s_i) + rounding, as if every factor were as large as can be and no sign differed; n ciphertexts of it.
  const double one = 2 * size * n * kErrorWidth + kErrorWidth + 0.5;
  NoiseBits noise;
  noise.sum = bits_above(n * one);
  noise.smudging = noise.sum + options.smudging_bits;
  noise.decrypted = bits_above(n * std::ldexp(1.0, noise.smudging) + std::ldexp(1.0, noise.sum));
  return noise;
}

Threshold::Threshold(const Ring& ring, const ThresholdOptions& options) : ring_(&ring), options_(options), scaling_(ring, options.message_bits), noise_(noise_bits(ring, options)) {
  require(options.sites >= 2 && options.sites <= kMostSites, ErrorCode::kUsage, "a key is shared by 2 to 10000 sites");
  require(options.smudging_bits >= (ring.options().security == Security::kToy ? 0 : 40), ErrorCode::kRefused, "shares with less than 40 bits of smudging tell of the key");
  require(noise_.smudging <= 126, ErrorCode::kUsage, "smudging of more than 126 bits is not used");
  require(noise_.decrypted + 2 <= scaling_.room_bits(), ErrorCode::kRefused,
          "messages of " + std::to_string(options.message_bits) + " bits leave " + std::to_string(scaling_.room_bits()) + " bits of the modulus; the noise of " + std::to_string(options.sites) + " sites takes " +
              std::to_string(noise_.decrypted + 2));
}

KeyPair Threshold::make_key(const Polynomial& a, KeyStream stream) const {
  SecretVector<std::int64_t> small(ring_->size());
  KeyPair pair{SecretPolynomial(ring_->words()), Polynomial(ring_->words())};
  sample_ternary(stream, small);
  ring_->add_small(pair.secret, small);
  ring_->to_values(pair.secret);
  sample_centred_binomial(stream, kErrorWidth, small);
  ring_->add_small(pair.public_share, small);
  ring_->to_values(pair.public_share);
  SecretPolynomial product = pair.secret;
  ring_->multiply(product, a);
  ring_->subtract(pair.public_share, product);
  return pair;
}

JointKey Threshold::join(Polynomial a, std::span<const Polynomial> public_shares) const {
  require(static_cast<std::int64_t>(public_shares.size()) == options_.sites, ErrorCode::kMismatch,
          std::to_string(public_shares.size()) + " shares of a public key, expected " + std::to_string(options_.sites));
  JointKey key{std::move(a), Polynomial(ring_->words())};
  for (std::size_t n = 0; n < public_shares.size(); ++n) {
    require(public_shares[n].size() == ring_->words(), ErrorCode::kMismatch, "a share of a public key belongs to another ring");
    require(std::count(public_shares.begin(), public_shares.end(), public_shares[n]) == 1, ErrorCode::kMismatch, "two sites show the same share of a public key");
    ring_->add(key.b, public_shares[n]);
  }
  return key;
}

Ephemeral Threshold::make_ephemeral(const Polynomial& a) const {
  KeyStream stream;
  SecretVector<std::int64_t> small(ring_->size());
  Ephemeral ephemeral{SecretPolynomial(ring_->words()), Polynomial(ring_->words())};
  sample_ternary(stream, small);
  ring_->add_small(ephemeral.u, small);
  ring_->to_values(ephemeral.u);
  sample_centred_binomial(stream, kErrorWidth, small);
  ring_->add_small(ephemeral.c1, small);
  ring_->to_values(ephemeral.c1);
  SecretPolynomial product = ephemeral.u;
  ring_->multiply(product, a);
  ring_->add(ephemeral.c1, product);
  return ephemeral;
}

Ciphertext Threshold::encrypt(const JointKey& key, Ephemeral ephemeral, std::span<const std::uint64_t> messages) const {
  KeyStream stream;
  SecretVector<std::int64_t> small(ring_->size());
  SecretPolynomial c0(ring_->words());
  sample_centred_binomial(stream, kErrorWidth, small);
  ring_->add_small(c0, small);
  scaling_.add_scaled(messages, c0);
  ring_->to_values(c0);
  ring_->multiply(ephemeral.u, key.b);
  ring_->add(c0, ephemeral.u);
  return {Polynomial(c0.begin(), c0.end()), std::move(ephemeral.c1)};
}

void Threshold::add(Ciphertext& sum, const Ciphertext& term) const {
  ring_->add(sum.c0, term.c0);
  ring_->add(sum.c1, term.c1);
}

Polynomial Threshold::decryption_share(const SecretPolynomial& secret, const Polynomial& c1) const {
  KeyStream stream;
  Polynomial share(ring_->words());
  const Wide middle = static_cast<Wide>(1) << noise_.smudging;
  for (std::size_t n = 0; n < ring_->size(); ++n) {
    Wide noise = sample_bits(stream, noise_.smudging + 1);
    for (std::size_t prime = 0; prime < ring_->transforms().size(); ++prime) {
      const Modulus& modulus = ring_->modulus(prime);
      share[prime * ring_->size() + n] = modulus.subtract(modulus.reduce(noise), modulus.reduce(middle));
    }
    sodium_memzero(&noise, sizeof noise);
  }
  ring_->to_values(share);
  SecretPolynomial product = secret;
  ring_->multiply(product, c1);
  ring_->add(share, product);
  return share;
}

std::vector<std::uint64_t> Threshold::decrypt(Polynomial c0, std::span<const Polynomial> shares) const {
  require(static_cast<std::int64_t>(shares.size()) == options_.sites, ErrorCode::kRefused,
          std::to_string(shares.size()) + " of " + std::to_string(options_.sites) + " sites gave a share: all are needed to decrypt");
  for (const Polynomial& share : shares) ring_->add(c0, share);
  ring_->to_coefficients(c0);
  std::vector<std::uint64_t> messages(ring_->size() * scaling_.limbs());
  scaling_.take_messages(c0, noise_.decrypted, messages);
  return messages;
}

}  // namespace consilium::fl
