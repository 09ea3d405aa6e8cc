#include "fl/privacy/fft.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "base/error.h"

namespace consilium::fl {

void fourier(std::span<std::complex<double>> values, FourierDirection direction) {
  const std::size_t n = values.size();
  require(std::has_single_bit(n), ErrorCode::kUnexpected, "a Fourier transform of this kind takes a power of two of values");
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(values[i], values[j]);
  }
  const double sign = direction == FourierDirection::kForward ? -1 : 1;
  std::vector<std::complex<double>> roots(n / 2);
  for (std::size_t k = 0; k < n / 2; ++k) roots[k] = std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
  for (std::size_t length = 2; length <= n; length *= 2) {
    const std::size_t half = length / 2, stride = n / length;
    for (std::size_t begin = 0; begin < n; begin += length)
      for (std::size_t k = 0; k < half; ++k) {
        std::complex<double>& low = values[begin + k];
        std::complex<double>& high = values[begin + k + half];
        const std::complex<double>& root = roots[k * stride];
        // Written out: std::complex's product looks for infinities.
        const double real = high.real() * root.real() - high.imag() * root.imag(), imaginary = high.real() * root.imag() + high.imag() * root.real();
        high = {low.real() - real, low.imag() - imaginary};
        low = {low.real() + real, low.imag() + imaginary};
      }
  }
  if (direction == FourierDirection::kForward) return;
  for (std::complex<double>& value : values) value /= static_cast<double>(n);
}

}  // namespace consilium::fl
