#include "fl/encrypt/modulus.h"

#include <string>

#include "base/error.h"

namespace consilium::fl {
namespace {

std::uint64_t power_mod(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  Wide result = 1, square = base % modulus;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = result * square % modulus;
    square = square * square % modulus;
  }
  return static_cast<std::uint64_t>(result);
}

bool is_witness(std::uint64_t base, std::uint64_t candidate) {
  std::uint64_t odd = candidate - 1;
  int twos = 0;
  for (; odd % 2 == 0; odd /= 2) ++twos;
  std::uint64_t x = power_mod(base, odd, candidate);
  if (x == 1 || x == candidate - 1) return false;
  for (int n = 1; n < twos; ++n) {
    x = static_cast<std::uint64_t>(static_cast<Wide>(x) * x % candidate);
    if (x == candidate - 1) return false;
  }
  return true;
}

}  // namespace

Modulus::Modulus(std::uint64_t prime) : prime_(prime) {
  require(prime > 2 && prime < (1ULL << 61) && is_prime(prime), ErrorCode::kUsage, std::to_string(prime) + " is no prime between 3 and 2^61");
  // No multiple of an odd prime is a power of two: floor((2^128 - 1) / p) is floor(2^128 / p).
  const Wide ratio = ~static_cast<Wide>(0) / prime;
  ratio_high_ = static_cast<std::uint64_t>(ratio >> 64);
  ratio_low_ = static_cast<std::uint64_t>(ratio);
}

std::uint64_t Modulus::reduce(Wide a) const {
  const auto low = static_cast<std::uint64_t>(a), high = static_cast<std::uint64_t>(a >> 64);
  // The upper 128 of the 256 bits of a * floor(2^128 / p): the quotient, or one less, as far as its lowest 64 bits.
  const Wide low_high = static_cast<Wide>(low) * ratio_high_, high_low = static_cast<Wide>(high) * ratio_low_;
  const Wide middle = ((static_cast<Wide>(low) * ratio_low_) >> 64) + static_cast<std::uint64_t>(low_high) + static_cast<std::uint64_t>(high_low);
  const std::uint64_t quotient = high * ratio_high_ + static_cast<std::uint64_t>(low_high >> 64) + static_cast<std::uint64_t>(high_low >> 64) + static_cast<std::uint64_t>(middle >> 64);
  return reduce_once(low - quotient * prime_);
}

std::uint64_t Modulus::power(std::uint64_t base, std::uint64_t exponent) const { return power_mod(base, exponent, prime_); }

bool is_prime(std::uint64_t candidate) {
  if (candidate < 2) return false;
  for (const std::uint64_t base : {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37}) {
    if (candidate == base) return true;
    if (candidate % base == 0 || is_witness(base, candidate)) return false;
  }
  return true;
}

std::vector<std::uint64_t> greatest_ntt_primes(int bits, std::size_t count, std::size_t ring_size) {
  require(bits >= 2 && bits <= 61, ErrorCode::kUsage, "primes of " + std::to_string(bits) + " bits are not used");
  const std::uint64_t step = 2 * static_cast<std::uint64_t>(ring_size);
  std::vector<std::uint64_t> primes;
  for (std::uint64_t candidate = ((1ULL << bits) - 2) / step * step + 1; primes.size() < count && candidate > step; candidate -= step)
    if (is_prime(candidate)) primes.push_back(candidate);
  require(primes.size() == count, ErrorCode::kUsage,
          "there are not " + std::to_string(count) + " primes of " + std::to_string(bits) + " bits for rings of size " + std::to_string(ring_size));
  return primes;
}

}  // namespace consilium::fl
