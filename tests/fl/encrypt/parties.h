#pragma once

#include <vector>

#include "base/rng.h"
#include "fl/encrypt/threshold.h"

namespace consilium::test {

/// A ring that nobody should use: small, so that tests are quick.
inline fl::RingOptions toy_ring(std::size_t size = 64, std::size_t primes = 4) { return {.size = size, .prime_bits = 50, .primes = primes, .security = fl::Security::kToy}; }

/// Sites with their shares of one key.
struct Parties {
  explicit Parties(const fl::Threshold& threshold) : a(threshold.ring().uniform(fl::derive_seed("test", "a"), 0)) {
    for (std::int64_t n = 0; n < threshold.options().sites; ++n) {
      keys.push_back(threshold.make_key(a));
      public_shares.push_back(keys.back().public_share);
    }
    joint = threshold.join(a, public_shares);
  }
  std::vector<fl::Polynomial> decryption_shares(const fl::Threshold& threshold, const fl::Polynomial& c1) const {
    std::vector<fl::Polynomial> shares;
    for (const fl::KeyPair& key : keys) shares.push_back(threshold.decryption_share(key.secret, c1));
    return shares;
  }

  fl::Polynomial a;
  std::vector<fl::KeyPair> keys;
  std::vector<fl::Polynomial> public_shares;
  fl::JointKey joint;
};

/// Uniform messages below 2^bits, limbs words each.
inline std::vector<std::uint64_t> random_messages(Rng& rng, const fl::Scaling& scaling, std::size_t count) {
  std::vector<std::uint64_t> messages(count * scaling.limbs());
  for (std::size_t n = 0; n < messages.size(); ++n) {
    messages[n] = rng.next();
    if (n % scaling.limbs() == scaling.limbs() - 1 && scaling.bits() % 64 != 0) messages[n] &= (1ULL << (scaling.bits() % 64)) - 1;
  }
  return messages;
}

/// sum += term, modulo 2^bits each.
inline void add_messages(const fl::Scaling& scaling, std::vector<std::uint64_t>& sum, const std::vector<std::uint64_t>& term) {
  for (std::size_t n = 0; n < sum.size(); n += scaling.limbs()) {
    fl::Wide carry = 0;
    for (std::size_t limb = 0; limb < scaling.limbs(); ++limb) {
      carry += static_cast<fl::Wide>(sum[n + limb]) + term[n + limb];
      sum[n + limb] = static_cast<std::uint64_t>(carry);
      carry >>= 64;
    }
    if (scaling.bits() % 64 != 0) sum[n + scaling.limbs() - 1] &= (1ULL << (scaling.bits() % 64)) - 1;
  }
}

}  // namespace consilium::test
