#include "fl/encrypt/scaling.h"

#include <gmpxx.h>

#include <array>

namespace consilium::fl {
namespace {

constexpr std::size_t kMostLimbs = 16;  // 976 bits of modulus
using Number = std::array<std::uint64_t, kMostLimbs + 2>;

std::vector<std::uint64_t> words_of(const mpz_class& number, std::size_t count) {
  std::vector<std::uint64_t> words(count + 1);
  mpz_export(words.data(), nullptr, -1, 8, 0, 0, number.get_mpz_t());
  words.resize(count);
  return words;
}

mpz_class to_mpz(std::uint64_t value) {
  mpz_class number;
  mpz_import(number.get_mpz_t(), 1, -1, 8, 0, 0, &value);
  return number;
}

/// The lowest `count` words of a * b.
void multiply_low(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b, std::size_t count, Number& product) {
  product.fill(0);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; i + j < count; ++j) {
      const Wide sum = static_cast<Wide>(a[i]) * b[j] + product[i + j] + carry;
      product[i + j] = static_cast<std::uint64_t>(sum);
      carry = static_cast<std::uint64_t>(sum >> 64);
    }
  }
}

/// sum += a * b, as far as `count` words go.
void add_product(std::span<const std::uint64_t> a, std::uint64_t b, std::size_t count, Number& sum) {
  std::uint64_t carry = 0;
  for (std::size_t n = 0; n < count; ++n) {
    const Wide next = static_cast<Wide>(a[n]) * b + sum[n] + carry;
    sum[n] = static_cast<std::uint64_t>(next);
    carry = static_cast<std::uint64_t>(next >> 64);
  }
}

/// x < t -> |x|, where the upper half stands for negative numbers; all ones if it was negative. In constant time.
std::uint64_t take_sign(Number& x, int bits, std::size_t limbs) {
  const auto top = static_cast<std::size_t>(bits - 1);
  const std::uint64_t sign = 0 - ((x[top / 64] >> (top % 64)) & 1);
  std::uint64_t carry = sign & 1;
  for (std::size_t n = 0; n < limbs; ++n) {
    x[n] = (x[n] ^ sign) + carry;
    carry &= static_cast<std::uint64_t>(x[n] == 0);
  }
  if (bits % 64 != 0) x[limbs - 1] &= (1ULL << (bits % 64)) - 1;
  return sign;
}

}  // namespace

Scaling::Scaling(const Ring& ring, int bits) : ring_(&ring), bits_(bits) {
  mpz_class q = 1;
  for (const Ntt& ntt : ring.transforms()) q *= to_mpz(ntt.modulus().prime());
  require(bits >= 1 && bits <= 64 * static_cast<int>(kMostLimbs), ErrorCode::kUsage, "messages of " + std::to_string(bits) + " bits are not used");
  const mpz_class t = mpz_class(1) << static_cast<mp_bitcnt_t>(bits);
  require(t < q, ErrorCode::kUsage, "messages of " + std::to_string(bits) + " bits do not fit the modulus");
  room_bits_ = static_cast<int>(mpz_sizeinbase(mpz_class(q / t).get_mpz_t(), 2)) - 1;
  q_mod_t_ = words_of(q % t, limbs());
  for (const Ntt& ntt : ring.transforms()) {
    const Modulus& modulus = ntt.modulus();
    const mpz_class p = to_mpz(modulus.prime()), punctured = (q / p) % p, t_mod_p = t % p;
    const auto factor_of_inverse = [&](const mpz_class& number) { return modulus.factor(modulus.inverse(words_of(number, 1)[0])); };
    primes_.push_back({factor_of_inverse(punctured), words_of((t << 128) / p, limbs() + 2), factor_of_inverse(t_mod_p)});
  }
}

void Scaling::add_scaled(std::span<const std::uint64_t> messages, std::span<std::uint64_t> polynomial) const {
  const std::size_t limbs = this->limbs(), size = ring_->size();
  Number product{};
  for (std::size_t n = 0; n < size; ++n) {
    // round(q m / t) = (q m - x) / t with x = q m modulo t, around 0; and q is 0 modulo each of its primes.
    multiply_low(q_mod_t_, messages.subspan(n * limbs, limbs), limbs, product);
    if (bits_ % 64 != 0) product[limbs - 1] &= (1ULL << (bits_ % 64)) - 1;
    const std::uint64_t negative = take_sign(product, bits_, limbs);
    for (std::size_t prime = 0; prime < primes_.size(); ++prime) {
      const Modulus& modulus = ring_->modulus(prime);
      std::uint64_t rest = 0;
      for (std::size_t limb = limbs; limb-- > 0;) rest = modulus.reduce((static_cast<Wide>(rest) << 64) | product[limb]);
      const std::uint64_t scaled = modulus.multiply(rest, primes_[prime].inverse_t), minus = modulus.subtract(0, scaled);
      std::uint64_t& coefficient = polynomial[prime * size + n];
      coefficient = modulus.add(coefficient, (scaled & negative) | (minus & ~negative));
    }
  }
  sodium_memzero(product.data(), sizeof product);
}

void Scaling::take_messages(std::span<std::uint64_t> polynomial, int noise_bits, std::span<std::uint64_t> messages) const {
  require(noise_bits + 1 < room_bits_, ErrorCode::kUsage, "the modulus leaves no room for the noise");
  const std::size_t limbs = this->limbs(), size = ring_->size();
  // Noise e is the fraction e t / q, whose 128 bits are computed with an error below 2^-60 of them.
  const Wide most = room_bits_ - noise_bits >= 60 ? static_cast<Wide>(1) << 68 : static_cast<Wide>(1) << (128 - (room_bits_ - noise_bits));
  bool near = true;
  for (std::size_t n = 0; n < size; ++n) {
    Number sum{};
    for (std::size_t prime = 0; prime < primes_.size(); ++prime)
      add_product(primes_[prime].share, ring_->modulus(prime).multiply(polynomial[prime * size + n], primes_[prime].inverse_punctured), limbs + 2, sum);
    Wide fraction = (static_cast<Wide>(sum[1]) << 64) | sum[0];
    fraction += most;
    near &= fraction <= 2 * most;  // it wrapped, or lay just above a message
    const auto up = static_cast<std::uint64_t>(sum[1] >> 63);
    std::uint64_t carry = up;
    for (std::size_t limb = 0; limb < limbs; ++limb) {
      messages[n * limbs + limb] = sum[limb + 2] + carry;
      carry &= static_cast<std::uint64_t>(messages[n * limbs + limb] == 0);
    }
    if (bits_ % 64 != 0) messages[n * limbs + limbs - 1] &= (1ULL << (bits_ % 64)) - 1;
  }
  require(near, ErrorCode::kCorruptData, "what was decrypted is no sum of ciphertexts: a share is missing, or a share or ciphertext is not what it should be");
}

}  // namespace consilium::fl
