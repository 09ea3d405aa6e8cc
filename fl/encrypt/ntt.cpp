#include "fl/encrypt/ntt.h"

#include <bit>
#include <string>

#include "base/error.h"

namespace consilium::fl {
namespace {

/// A psi with psi^N = -1: then its order is 2N.
std::uint64_t find_root(const Modulus& modulus, std::size_t size) {
  const std::uint64_t order = 2 * static_cast<std::uint64_t>(size);
  require(std::has_single_bit(size) && size > 1 && (modulus.prime() - 1) % order == 0, ErrorCode::kUsage,
          "there is no transform of size " + std::to_string(size) + " modulo " + std::to_string(modulus.prime()));
  for (std::uint64_t base = 2;; ++base) {  // every second base is one
    const std::uint64_t root = modulus.power(base, (modulus.prime() - 1) / order);
    if (modulus.power(root, size) == modulus.prime() - 1) return root;
  }
}

std::vector<Factor> bit_reversed_powers(const Modulus& modulus, std::uint64_t root, std::size_t size) {
  std::vector<Factor> powers(size);
  std::uint64_t power = 1;
  for (std::size_t k = 0, reversed = 0; k < size; ++k) {
    powers[reversed] = modulus.factor(power);
    power = modulus.multiply(power, root);
    std::size_t bit = size >> 1;  // adds one to `reversed`, from its highest bit down
    for (; (reversed & bit) != 0; bit >>= 1) reversed ^= bit;
    reversed |= bit;
  }
  return powers;
}

}  // namespace

Ntt::Ntt(const Modulus& modulus, std::size_t size)
    : modulus_(modulus),
      root_(find_root(modulus, size)),
      roots_(bit_reversed_powers(modulus, root_, size)),
      inverse_roots_(bit_reversed_powers(modulus, modulus.inverse(root_), size)),
      inverse_size_(modulus.factor(modulus.inverse(size))) {}

void Ntt::forward(std::span<std::uint64_t> values) const {
  const std::uint64_t twice = 2 * modulus_.prime();
  const std::size_t size = roots_.size();
  for (std::size_t blocks = 1, half = size / 2; blocks < size; blocks *= 2, half /= 2) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const Factor root = roots_[blocks + block];
      std::uint64_t* const first = values.data() + 2 * half * block;
      std::uint64_t* const second = first + half;
      for (std::size_t n = 0; n < half; ++n) {  // values below 4p
        const std::uint64_t less = first[n] - twice, x = less + (twice & (0 - (less >> 63)));
        const std::uint64_t y = modulus_.multiply_lazily(second[n], root);
        first[n] = x + y;
        second[n] = x - y + twice;
      }
    }
  }
  for (std::uint64_t& value : values) {
    const std::uint64_t less = value - twice;
    value = modulus_.reduce_once(less + (twice & (0 - (less >> 63))));
  }
}

void Ntt::inverse(std::span<std::uint64_t> values) const {
  const std::uint64_t twice = 2 * modulus_.prime();
  const std::size_t size = roots_.size();
  for (std::size_t blocks = size / 2, half = 1; blocks >= 1; blocks /= 2, half *= 2) {
    for (std::size_t block = 0; block < blocks; ++block) {
      const Factor root = inverse_roots_[blocks + block];
      std::uint64_t* const first = values.data() + 2 * half * block;
      std::uint64_t* const second = first + half;
      for (std::size_t n = 0; n < half; ++n) {  // values below 2p
        const std::uint64_t x = first[n], y = second[n], less = x + y - twice;
        first[n] = less + (twice & (0 - (less >> 63)));
        second[n] = modulus_.multiply_lazily(x - y + twice, root);
      }
    }
  }
  for (std::uint64_t& value : values) value = modulus_.multiply(value, inverse_size_);
}

}  // namespace consilium::fl
