#pragma once

#include <complex>
#include <span>

namespace consilium::fl {

enum class FourierDirection { kForward, kInverse };

/// Discrete Fourier transform in place; the number of values is a power of two. The inverse divides by it.
///
/// Radix 2, decimation in time (Cooley and Tukey 1965); every twiddle factor comes from a table that is computed directly, not by recurrence, so that
/// the error grows with log n only.
void fourier(std::span<std::complex<double>> values, FourierDirection direction);

}  // namespace consilium::fl
