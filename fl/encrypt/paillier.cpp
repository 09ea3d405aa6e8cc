#include "fl/encrypt/paillier.h"

#include <string>

#include "base/error.h"
#include "fl/encrypt/wiped.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kFewestBits = 3072;
constexpr int kPrimeRounds = 40;  // of Miller-Rabin after GMP's Baillie-PSW

void wipe(mpz_class& number) { sodium_memzero(mpz_limbs_modify(number.get_mpz_t(), static_cast<mp_size_t>(mpz_size(number.get_mpz_t()))), mpz_size(number.get_mpz_t()) * sizeof(mp_limb_t)); }

/// GMP's own generators are not made for secrets.
mpz_class random_bits(std::size_t bits) {
  SecretVector<std::uint8_t> bytes((bits + 7) / 8);
  randombytes_buf(bytes.data(), bytes.size());
  if (bits % 8 != 0) bytes.back() &= static_cast<std::uint8_t>((1U << (bits % 8)) - 1);
  mpz_class number;
  mpz_import(number.get_mpz_t(), bytes.size(), -1, 1, 0, 0, bytes.data());
  return number;
}

mpz_class power_of_secret(const mpz_class& base, const mpz_class& exponent, const mpz_class& odd_modulus) {
  mpz_class result;
  mpz_powm_sec(result.get_mpz_t(), base.get_mpz_t(), exponent.get_mpz_t(), odd_modulus.get_mpz_t());
  return result;
}

mpz_class modulo(const mpz_class& number, const mpz_class& modulus) {
  mpz_class rest;
  mpz_mod(rest.get_mpz_t(), number.get_mpz_t(), modulus.get_mpz_t());
  return rest;
}

mpz_class inverse(const mpz_class& number, const mpz_class& modulus) {
  mpz_class result;
  require(mpz_invert(result.get_mpz_t(), number.get_mpz_t(), modulus.get_mpz_t()) != 0, ErrorCode::kCorruptData, "a number has no inverse");
  return result;
}

bool is_probable_prime(const mpz_class& number) { return mpz_probab_prime_p(number.get_mpz_t(), kPrimeRounds) > 0; }

/// The two highest bits are set, so that the product of two has twice as many bits.
mpz_class random_prime(std::size_t bits) {
  while (true) {
    mpz_class candidate = random_bits(bits);
    mpz_setbit(candidate.get_mpz_t(), bits - 1);
    mpz_setbit(candidate.get_mpz_t(), bits - 2);
    mpz_setbit(candidate.get_mpz_t(), 0);
    if (is_probable_prime(candidate)) return candidate;
    wipe(candidate);
  }
}

}  // namespace

PaillierPublicKey::PaillierPublicKey(mpz_class n) : n_(std::move(n)), square_(n_ * n_) {
  require(n_ > 2 && mpz_odd_p(n_.get_mpz_t()), ErrorCode::kCorruptData, "the modulus of a Paillier key is odd and above 2");
}

mpz_class PaillierPublicKey::random_unit() const {
  while (true) {
    mpz_class r = random_bits(bits());
    if (r > 0 && r < n_ && gcd(r, n_) == 1) return r;
  }
}

mpz_class PaillierPublicKey::encrypt(const mpz_class& message) const {
  mpz_class r = random_unit();
  mpz_class ciphertext = encrypt(message, r);
  wipe(r);
  return ciphertext;
}

mpz_class PaillierPublicKey::encrypt(const mpz_class& message, const mpz_class& r) const {
  require(message >= 0 && message < n_, ErrorCode::kUsage, "a message of Paillier's scheme lies in [0, n)");
  require(r > 0 && r < n_ && gcd(r, n_) == 1, ErrorCode::kUsage, "r is not in Z_n^*");
  return (1 + message * n_) % square_ * power_of_secret(r, n_, square_) % square_;
}

mpz_class PaillierPublicKey::add(const mpz_class& a, const mpz_class& b) const {
  require_ciphertext(a);
  require_ciphertext(b);
  return a * b % square_;
}

mpz_class PaillierPublicKey::multiply(const mpz_class& ciphertext, const mpz_class& factor) const {
  require_ciphertext(ciphertext);
  require(abs(factor) < n_, ErrorCode::kUsage, "a factor lies in (-n, n)");
  mpz_class result;
  mpz_powm(result.get_mpz_t(), ciphertext.get_mpz_t(), factor.get_mpz_t(), square_.get_mpz_t());
  return result;
}

mpz_class PaillierPublicKey::rerandomise(const mpz_class& ciphertext) const { return add(ciphertext, encrypt(mpz_class(0))); }

void PaillierPublicKey::require_ciphertext(const mpz_class& ciphertext) const {
  require(ciphertext > 0 && ciphertext < square_ && gcd(ciphertext, n_) == 1, ErrorCode::kCorruptData, "a number is no ciphertext of this Paillier key");
}

mpz_class PaillierPublicKey::from_signed(const mpz_class& value) const {
  require(abs(value) <= n_ / 3, ErrorCode::kUsage, "a signed message of Paillier's scheme is at most n / 3");
  return value < 0 ? mpz_class(n_ + value) : value;
}

mpz_class PaillierPublicKey::to_signed(const mpz_class& message) const {
  if (message <= n_ / 3) return message;
  require(message >= n_ - n_ / 3, ErrorCode::kCorruptData, "a sum has overflowed");
  return message - n_;
}

PaillierPrivateKey::PaillierPrivateKey(const mpz_class& p, const mpz_class& q) : public_key_(p * q) {
  require(p != q && mpz_sizeinbase(p.get_mpz_t(), 2) == mpz_sizeinbase(q.get_mpz_t(), 2) && is_probable_prime(p) && is_probable_prime(q), ErrorCode::kUsage,
          "a Paillier key is made of two different primes of the same length");
  require(gcd(public_key_.n(), mpz_class((p - 1) * (q - 1))) == 1, ErrorCode::kUsage, "n and (p - 1)(q - 1) share a factor");
  p_ = half_of(p);
  q_ = half_of(q);
  q_inverse_ = inverse(q, p);
}

PaillierPrivateKey::~PaillierPrivateKey() {
  for (Half* half : {&p_, &q_})
    for (mpz_class* number : {&half->prime, &half->square, &half->scale}) wipe(*number);
  wipe(q_inverse_);
}

PaillierPrivateKey::Half PaillierPrivateKey::half_of(const mpz_class& prime) const {
  Half half{prime, prime * prime, 1};
  half.scale = inverse(decrypt(half, public_key_.n() + 1), prime);
  return half;
}

mpz_class PaillierPrivateKey::decrypt(const Half& half, const mpz_class& ciphertext) const {
  const mpz_class power = power_of_secret(modulo(ciphertext, half.square), half.prime - 1, half.square);
  return modulo((power - 1) / half.prime * half.scale, half.prime);
}

mpz_class PaillierPrivateKey::decrypt(const mpz_class& ciphertext) const {
  public_key_.require_ciphertext(ciphertext);
  const mpz_class at_p = decrypt(p_, ciphertext), at_q = decrypt(q_, ciphertext);
  return at_q + q_.prime * modulo((at_p - at_q) * q_inverse_, p_.prime);
}

PaillierPrivateKey generate_paillier(std::size_t bits) {
  require(bits >= kFewestBits, ErrorCode::kRefused, "a Paillier key of " + std::to_string(bits) + " bits is less than 128 bits of security: at least 3072");
  while (true) {
    mpz_class p = random_prime(bits / 2), q = random_prime(bits / 2);
    const bool fits = p != q && gcd(p * q, mpz_class((p - 1) * (q - 1))) == 1;
    struct Wipe {
      mpz_class &p, &q;
      ~Wipe() { wipe(p), wipe(q); }
    } const at_end{p, q};
    if (fits) return PaillierPrivateKey(p, q);
  }
}

std::size_t paillier_slots(const PaillierPublicKey& key, int slot_bits) { return (key.bits() - 1) / static_cast<std::size_t>(slot_bits); }

mpz_class pack_slots(std::span<const std::int64_t> values, int slot_bits) {
  require(slot_bits >= 2 && slot_bits <= 63, ErrorCode::kUsage, "a slot has 2 to 63 bits");
  const std::int64_t half = 1LL << (slot_bits - 1);
  mpz_class packed = 0;
  for (const std::int64_t value : values) {
    require(value >= -half && value < half, ErrorCode::kUsage, "a number does not fit its slot of " + std::to_string(slot_bits) + " bits");
    packed <<= static_cast<mp_bitcnt_t>(slot_bits);
    packed += static_cast<long>(value);
  }
  return packed;
}

std::vector<std::int64_t> unpack_slots(mpz_class packed, std::size_t count, int slot_bits) {
  require(slot_bits >= 2 && slot_bits <= 63, ErrorCode::kUsage, "a slot has 2 to 63 bits");
  const mpz_class size = mpz_class(1) << static_cast<mp_bitcnt_t>(slot_bits), half = size / 2;
  std::vector<std::int64_t> values(count);
  for (std::size_t k = count; k-- > 0;) {
    mpz_class lowest = modulo(packed, size);
    if (lowest >= half) lowest -= size;
    packed = (packed - lowest) / size;
    values[k] = lowest.get_si();
  }
  require(packed == 0, ErrorCode::kCorruptData, "a message holds more than " + std::to_string(count) + " slots");
  return values;
}

}  // namespace consilium::fl
