#include "base/rng.h"

#include <cmath>
#include <numbers>

namespace consilium {
namespace {

std::uint64_t splitmix64(std::uint64_t& x) {
  x += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = x;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

}  // namespace

Rng::Rng(std::uint64_t seed) : seed_(seed) {
  std::uint64_t x = seed;
  for (auto& word : words_) word = splitmix64(x);
}

std::uint64_t Rng::next() {
  const std::uint64_t result = rotl(words_[1] * 5, 7) * 9;
  const std::uint64_t t = words_[1] << 17;
  words_[2] ^= words_[0];
  words_[3] ^= words_[1];
  words_[1] ^= words_[2];
  words_[0] ^= words_[3];
  words_[2] ^= t;
  words_[3] = rotl(words_[3], 45);
  return result;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Rng::below(std::uint64_t bound) {
  // Reject the lowest 2^64 mod bound values: what remains divides evenly.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

double Rng::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

double Rng::normal(double mean, double deviation) { return mean + deviation * normal(); }

Rng Rng::fork(std::string_view stream) const {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : stream) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return fork(hash);
}

Rng Rng::fork(std::uint64_t stream) const {
  std::uint64_t x = seed_ ^ rotl(stream, 32) ^ 0x6A09E667F3BCC909ULL;
  std::uint64_t mixed = splitmix64(x) ^ stream;
  return Rng(splitmix64(mixed));
}

Rng::State Rng::state() const { return {{words_[0], words_[1], words_[2], words_[3]}, seed_}; }

Rng Rng::from_state(const State& state) {
  Rng rng(state.seed);
  for (int i = 0; i < 4; ++i) rng.words_[i] = state.words[i];
  return rng;
}

}  // namespace consilium
