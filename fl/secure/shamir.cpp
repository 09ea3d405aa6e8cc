#include "fl/secure/shamir.h"

#include <openssl/rand.h>

#include <set>

#include "base/error.h"
#include "fl/x509.h"

namespace consilium::fl {
namespace {

using Scratch = std::unique_ptr<BN_CTX, Freer<BN_CTX_free>>;

Scratch scratch() {
  Scratch memory(BN_CTX_secure_new());
  require_ssl(memory != nullptr, "memory for large numbers");
  return memory;
}

BigNumber big(std::uint64_t value = 0) {
  BigNumber number(BN_secure_new());
  require_ssl(number != nullptr && BN_set_word(number.get(), value) == 1, "a large number");
  return number;
}

void require_places(std::span<const std::uint32_t> xs) {
  const std::set<std::uint32_t> once(xs.begin(), xs.end());
  require(once.size() == xs.size() && !once.contains(0), ErrorCode::kUsage, "a share's place is 0, or there twice");
}

BigNumber number_of(const Secret32& bytes) {
  BigNumber number = big();
  require_ssl(BN_lebin2bn(bytes.data(), static_cast<int>(bytes.size()), number.get()) != nullptr, "reading a share");
  return number;
}

Secret32 bytes_of(const BIGNUM* number) {
  Secret32 bytes;
  require_ssl(BN_bn2lebinpad(number, bytes.data(), static_cast<int>(bytes.size())) >= 0, "writing a share");
  return bytes;
}

}  // namespace

ShamirField::ShamirField(const std::string& prime_decimal) {
  BIGNUM* parsed = nullptr;
  const bool whole = BN_dec2bn(&parsed, prime_decimal.c_str()) == static_cast<int>(prime_decimal.size());
  prime_.reset(parsed);
  require(whole && BN_check_prime(prime_.get(), scratch().get(), nullptr) == 1, ErrorCode::kUsage, "the field's size is not prime");
}

BigNumber ShamirField::evaluate(std::span<const BigNumber> coefficients, std::uint32_t x) const {
  const Scratch memory = scratch();
  const BigNumber place = big(x);
  BigNumber value = big();
  for (std::size_t n = coefficients.size(); n-- > 0;)  // Horner
    require_ssl(BN_mod_mul(value.get(), value.get(), place.get(), prime(), memory.get()) == 1 && BN_mod_add(value.get(), value.get(), coefficients[n].get(), prime(), memory.get()) == 1, "evaluating a polynomial");
  return value;
}

std::vector<BigNumber> ShamirField::split(const BIGNUM* secret, std::size_t threshold, std::span<const std::uint32_t> xs) const {
  require_places(xs);
  require(threshold >= 1 && xs.size() >= threshold, ErrorCode::kUsage, "fewer shares than are needed to open them");
  require(BN_is_negative(secret) == 0 && BN_cmp(secret, prime()) < 0, ErrorCode::kUsage, "the secret is outside the field");
  std::vector<BigNumber> coefficients;
  for (std::size_t n = 0; n < threshold; ++n) {
    coefficients.push_back(big());
    const bool made = n == 0 ? BN_copy(coefficients[0].get(), secret) != nullptr : BN_priv_rand_range(coefficients[n].get(), prime()) == 1;
    require_ssl(made, "drawing a polynomial");
  }
  std::vector<BigNumber> shares;
  for (const std::uint32_t x : xs) shares.push_back(evaluate(coefficients, x));
  return shares;
}

std::vector<BigNumber> ShamirField::lagrange_at_zero(std::span<const std::uint32_t> xs) const {
  require_places(xs);
  const Scratch memory = scratch();
  std::vector<BigNumber> weights;
  for (const std::uint32_t own : xs) {
    BigNumber over = big(1), under = big(1), difference = big();
    for (const std::uint32_t other : xs) {
      if (other == own) continue;
      const BigNumber x = big(other), x_own = big(own);
      require_ssl(BN_mod_sub(difference.get(), x.get(), x_own.get(), prime(), memory.get()) == 1 && BN_mod_mul(over.get(), over.get(), x.get(), prime(), memory.get()) == 1 &&
                      BN_mod_mul(under.get(), under.get(), difference.get(), prime(), memory.get()) == 1,
                  "interpolating");
    }
    require_ssl(BN_mod_inverse(under.get(), under.get(), prime(), memory.get()) != nullptr && BN_mod_mul(over.get(), over.get(), under.get(), prime(), memory.get()) == 1, "interpolating");
    weights.push_back(std::move(over));
  }
  return weights;
}

BigNumber ShamirField::combine(std::span<const std::uint32_t> xs, std::span<const BigNumber> values) const {
  require(xs.size() == values.size() && !xs.empty(), ErrorCode::kUsage, "as many places as shares");
  const Scratch memory = scratch();
  const std::vector<BigNumber> weights = lagrange_at_zero(xs);
  BigNumber sum = big(), term = big();
  for (std::size_t n = 0; n < xs.size(); ++n)
    require_ssl(BN_mod_mul(term.get(), weights[n].get(), values[n].get(), prime(), memory.get()) == 1 && BN_mod_add(sum.get(), sum.get(), term.get(), prime(), memory.get()) == 1, "combining shares");
  return sum;
}

const ShamirField& field_25519() {
  static const ShamirField field("57896044618658097711785492504343953926634992332820282019728792003956564819949");  // 2^255 - 19
  return field;
}

std::vector<Secret32> split_secret(const Secret32& secret, std::size_t threshold, std::span<const std::uint32_t> xs) {
  std::vector<Secret32> shares;
  for (const BigNumber& share : field_25519().split(number_of(secret).get(), threshold, xs)) shares.push_back(bytes_of(share.get()));
  return shares;
}

Secret32 combine_secret(std::span<const std::uint32_t> xs, std::span<const Secret32> shares) {
  std::vector<BigNumber> values;
  for (const Secret32& share : shares) {
    values.push_back(number_of(share));
    require(BN_cmp(values.back().get(), field_25519().prime()) < 0, ErrorCode::kCorruptData, "a share is outside the field");
  }
  return bytes_of(field_25519().combine(xs, values).get());
}

Secret32 random_secret() {
  Secret32 secret;
  do {
    require_ssl(RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) == 1, "the system gives no random bytes");
    secret.data()[31] &= 0x7F;  // below 2^255; that it is not below 2^255 - 19 happens never, and is drawn again
  } while (BN_cmp(number_of(secret).get(), field_25519().prime()) >= 0);
  return secret;
}

}  // namespace consilium::fl
