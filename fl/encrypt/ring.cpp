#include "fl/encrypt/ring.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kMostRing = 1 << 15, kMostPrimes = 16;

}  // namespace

Ring::Ring(const RingOptions& options) : options_(options) {
  require(options.size <= kMostRing && options.primes >= 1 && options.primes <= kMostPrimes, ErrorCode::kUsage, "a ring has a size up to 32768 and 1 to 16 primes");
  require_secure(options.security, options.size, options.prime_bits * static_cast<int>(options.primes));
  for (const std::uint64_t prime : greatest_ntt_primes(options.prime_bits, options.primes, options.size)) transforms_.emplace_back(Modulus(prime), options.size);
}

template <typename Operation>
void Ring::for_each_prime(const Operation& operation) const {
  for (std::size_t prime = 0; prime < transforms_.size(); ++prime) operation(transforms_[prime], prime * size());
}

void Ring::to_values(std::span<std::uint64_t> polynomial) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) { ntt.forward(polynomial.subspan(from, size())); });
}

void Ring::to_coefficients(std::span<std::uint64_t> polynomial) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) { ntt.inverse(polynomial.subspan(from, size())); });
}

void Ring::add(std::span<std::uint64_t> sum, std::span<const std::uint64_t> term) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) {
    for (std::size_t n = from; n < from + size(); ++n) sum[n] = ntt.modulus().add(sum[n], term[n]);
  });
}

void Ring::subtract(std::span<std::uint64_t> difference, std::span<const std::uint64_t> term) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) {
    for (std::size_t n = from; n < from + size(); ++n) difference[n] = ntt.modulus().subtract(difference[n], term[n]);
  });
}

void Ring::multiply(std::span<std::uint64_t> product, std::span<const std::uint64_t> factor) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) {
    for (std::size_t n = from; n < from + size(); ++n) product[n] = ntt.modulus().multiply(product[n], factor[n]);
  });
}

void Ring::add_small(std::span<std::uint64_t> sum, std::span<const std::int64_t> coefficients) const {
  for_each_prime([&](const Ntt& ntt, std::size_t from) {
    for (std::size_t n = 0; n < size(); ++n) sum[from + n] = ntt.modulus().add(sum[from + n], ntt.modulus().from_signed(coefficients[n]));
  });
}

Polynomial Ring::uniform(const Seed& seed, std::uint64_t number) const {
  Polynomial polynomial(words());
  KeyStream stream(seed, number);
  for_each_prime([&](const Ntt& ntt, std::size_t from) { sample_uniform(stream, ntt.modulus(), std::span(polynomial).subspan(from, size())); });
  return polynomial;
}

void Ring::encode(std::span<const std::uint64_t> polynomial, std::string& bytes) const {
  Wide pending = 0;
  int bits = 0;
  for (const std::uint64_t residue : polynomial) {
    pending |= static_cast<Wide>(residue) << bits;
    bits += options_.prime_bits;
    if (bits < 64) continue;
    put(bytes, static_cast<std::uint64_t>(pending));
    pending >>= 64;
    bits -= 64;
  }
  for (; bits > 0; bits -= 8, pending >>= 8) bytes += static_cast<char>(pending);
}

void Ring::decode(std::string_view bytes, std::span<std::uint64_t> polynomial) const {
  require(bytes.size() == encoded_bytes(), ErrorCode::kCorruptData, "a polynomial has " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(encoded_bytes()));
  const std::uint64_t mask = (1ULL << options_.prime_bits) - 1;
  Wide pending = 0;
  int bits = 0;
  std::size_t next = 0;
  for_each_prime([&](const Ntt& ntt, std::size_t from) {
    bool below = true;
    for (std::size_t n = from; n < from + size(); ++n) {
      if (bits < options_.prime_bits) {
        std::uint64_t word = 0;
        const std::size_t count = std::min<std::size_t>(8, bytes.size() - next);
        std::memcpy(&word, bytes.data() + next, count);
        pending |= static_cast<Wide>(word) << bits;
        next += count;
        bits += 8 * static_cast<int>(count);
      }
      polynomial[n] = static_cast<std::uint64_t>(pending) & mask;
      pending >>= options_.prime_bits;
      bits -= options_.prime_bits;
      below &= polynomial[n] < ntt.modulus().prime();
    }
    require(below, ErrorCode::kCorruptData, "a polynomial holds a residue that is not below its prime");
  });
  require(next == bytes.size() && pending == 0, ErrorCode::kCorruptData, "a polynomial is followed by bits");
}

Polynomial Ring::decode(std::string_view bytes) const {
  Polynomial polynomial(words());
  decode(bytes, polynomial);
  return polynomial;
}

}  // namespace consilium::fl
