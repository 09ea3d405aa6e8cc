#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>

#include "base/parallel.h"
#include "base/rng.h"
#include "fl/encrypt/encrypted_vector.h"
#include "fl/encrypt/paillier.h"

// One round of homomorphic encryption: 5.6 million weights of three sites, encrypted, added, decrypted, on the threads there are, in memory. Beside it, in the same run,
// the limits: the transforms that this takes and nothing else, and one copy of the ciphertexts. What NVFLARE's parameters take (CKKS, ring 8192, 60 + 40 + 40 bits and
// a special prime, 4096 values in two polynomials of 8 bytes a residue): 16 times the plain bytes.
namespace consilium::bench {
namespace {

constexpr std::uint64_t kWeights = 5605220;
constexpr std::int64_t kSites = 3, kCases = 37;
constexpr int kRepetitions = 3;

/// On the clock, and of all processors together: what other work on the machine leaves alone.
struct Seconds {
  double clock = 0;
  double processor = 0;
  Seconds operator+(const Seconds& other) const { return {clock + other.clock, processor + other.processor}; }
};

Seconds seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t used = std::clock();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC};
}

Seconds median_of(const std::function<void()>& work) {
  std::vector<Seconds> times;
  for (int n = 0; n < kRepetitions; ++n) times.push_back(seconds_of(work));
  std::sort(times.begin(), times.end(), [](const Seconds& a, const Seconds& b) { return a.clock < b.clock; });
  return times[times.size() / 2];
}

void print(const char* what, const Seconds& seconds, const Seconds& total) {
  fmt::print("{:42} {:7.3f} s, processors {:7.3f} s; {:.2f} / {:.2f} of all\n", what, seconds.clock, seconds.processor, seconds.clock / total.clock, seconds.processor / total.processor);
}

std::vector<float> update(std::uint64_t site) {
  Rng rng = Rng(1).fork(site);
  std::vector<float> values(kWeights);
  for (float& value : values) value = static_cast<float>(1e-3 * rng.normal());
  return values;
}

void run() {
  using namespace fl;
  const SlotNeeds needs{.clip = 1, .fraction_bits = 20, .most_weight = 8192, .sites = kSites};
  const Ring ring;
  const int bits = slot_bits(needs);
  const VectorCipher cipher(ring, {.sites = kSites, .values = kWeights + 1, .slots = {.bits = bits, .per_message = OneTimeCipher::most_message_bits(ring, kSites) / bits}, .context = "bench"});
  const Threshold& threshold = cipher.threshold();
  const Polynomial a = ring.uniform(derive_seed("bench", "a"), 0);
  std::vector<KeyPair> keys(kSites);
  JointKey joint;
  const Seconds key_seconds = seconds_of([&] {
    std::vector<Polynomial> shares;
    for (KeyPair& key : keys) {
      key = threshold.make_key(a);
      shares.push_back(key.public_share);
    }
    joint = threshold.join(a, shares);
  });
  std::vector<std::vector<float>> updates;
  for (std::uint64_t site = 0; site < kSites; ++site) updates.push_back(update(site));
  std::vector<std::string> files(kSites);
  const Seconds encrypt_seconds = median_of([&] {
    for (std::size_t site = 0; site < kSites; ++site) {
      std::string& file = files[site];
      file.clear();
      file.reserve(cipher.encoded_bytes());
      const auto fill = [&](std::uint64_t first, std::span<std::int64_t> values) {
        for (std::size_t n = 0; n < values.size(); ++n)
          values[n] = first + n == 0 ? kCases : kCases * std::llrint(std::ldexp(std::clamp(static_cast<double>(updates[site][first + n - 1]), -needs.clip, needs.clip), needs.fraction_bits));
      };
      cipher.encrypt(joint, fill, [&](std::string_view bytes) { file += bytes; });
    }
  });
  std::vector<ByteSource> sources;
  for (const std::string& file : files) sources.push_back(ByteSource::of_bytes(file));
  Ciphertext key_sum;
  const Seconds share_seconds = median_of([&] {
    key_sum = {Polynomial(ring.words()), Polynomial(ring.words())};
    for (const ByteSource& source : sources) threshold.add(key_sum, cipher.key_of(source));
  });
  std::vector<Polynomial> shares;
  for (const KeyPair& key : keys) shares.push_back(threshold.decryption_share(key.secret, key_sum.c1));
  std::vector<float> mean(kWeights);
  const Seconds open_seconds = median_of([&] {
    const OneTimeKey key = sum_of_keys(threshold, threshold.decrypt(key_sum.c0, shares));
    std::int64_t cases = 0;
    cipher.open_sum(key, sources, [&](std::uint64_t first, std::span<const std::int64_t> values) {
      if (first == 0) cases = values[0];
      for (std::size_t n = first == 0 ? 1 : 0; n < values.size(); ++n)
        mean[first + n - 1] = static_cast<float>(std::ldexp(static_cast<double>(values[n]), -needs.fraction_bits) / static_cast<double>(cases));
    });
  });
  double error = 0;
  for (std::size_t n = 0; n < kWeights; ++n) error = std::max(error, std::abs(static_cast<double>(mean[n]) - (static_cast<double>(updates[0][n]) + updates[1][n] + updates[2][n]) / 3));

  const std::uint64_t transforms = cipher.blocks() * (kSites + 1) * ring.options().primes;
  const Seconds transform_seconds = median_of([&] {
    parallel_for(transforms, 64, [&](std::size_t first, std::size_t last) {
      Polynomial values(ring.size());
      for (std::size_t n = first; n < last; ++n) ring.transforms()[n % ring.options().primes].forward(values);
    });
  });
  const Seconds copy_seconds = median_of([&] {
    const std::vector<std::string> copy = files;
    if (copy[0][0] != files[0][0]) throw Error(ErrorCode::kUnexpected, "a copy differs");
  });
  const double plain_bytes = 4.0 * kWeights;
  const Seconds total = encrypt_seconds + share_seconds + open_seconds;
  fmt::print("{} weights x {} sites, {} threads; slots of {} bits, {} in a coefficient, {} blocks\n", kWeights, kSites, thread_limit(), bits, cipher.terms().slots.per_message, cipher.blocks());
  fmt::print("upload: {} bytes, {:.2f} times the plain one (limit 4; NVFLARE's parameters 16); share: {} bytes\n", cipher.encoded_bytes(), static_cast<double>(cipher.encoded_bytes()) / plain_bytes,
             ring.encoded_bytes());
  print("keys of all sites", key_seconds, total);
  print("encrypt, all sites", encrypt_seconds, total);
  print("add keys", share_seconds, total);
  print("add and decrypt", open_seconds, total);
  print("encrypt, add, decrypt (limit 10 s)", total, total);
  print(fmt::format("limit: {} transforms and nothing else", transforms).c_str(), transform_seconds, total);
  print("limit: one copy of the ciphertexts", copy_seconds, total);
  fmt::print("greatest error of the mean: {:.2g}\n", error);

  const PaillierPrivateKey paillier = generate_paillier();
  const std::size_t slots = paillier_slots(paillier.public_key(), bits);
  mpz_class sealed;
  const double paillier_encrypt = median_of([&] { sealed = paillier.public_key().encrypt(mpz_class(1) << 3000); }).processor;
  const double paillier_decrypt = median_of([&] { paillier.decrypt(sealed); }).processor;
  fmt::print("Paillier-3072, {} slots: encrypt {:.1f} ms, decrypt {:.1f} ms; 5.6 M weights of one site on one thread {:.0f} s and {:.0f} s\n", slots, 1e3 * paillier_encrypt, 1e3 * paillier_decrypt,
             paillier_encrypt * static_cast<double>(kWeights / slots), paillier_decrypt * static_cast<double>(kWeights / slots));
}

}  // namespace
}  // namespace consilium::bench

int main() { consilium::bench::run(); }
