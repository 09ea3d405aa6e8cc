#include "fl/aggregate/dot_product.h"

#include <array>
#include <bit>

// Compiled with -ffp-contract=off, as weighted_sum.cpp is and for its reason.

namespace consilium::fl {
namespace {

/// The same loops for the widest registers that the processor has.
struct Kernels {
  double (*floats)(std::span<const float>, std::span<const float>);
  double (*doubles)(std::span<const float>, std::span<const double>);
  void (*add_signed)(std::span<double>, std::span<const float>, std::uint64_t);
};

template <typename Value>
[[gnu::always_inline]] inline double dot(std::span<const float> a, std::span<const Value> b) {
  std::array<double, 8> sums{};
  const float* left = a.data();
  const Value* right = b.data();
  const std::size_t count = a.size();
  std::size_t i = 0;
  for (; i + sums.size() <= count; i += sums.size())
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += static_cast<double>(left[i + lane]) * static_cast<double>(right[i + lane]);
  for (; i < count; ++i) sums[0] += static_cast<double>(left[i]) * static_cast<double>(right[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

[[gnu::always_inline]] inline void add_with_signs(std::span<double> sums, std::span<const float> values, std::uint64_t signs) {
  double* sum = sums.data();
  const float* value = values.data();
  for (std::size_t i = 0, count = values.size(); i < count; ++i) sum[i] += std::bit_cast<double>(std::bit_cast<std::uint64_t>(static_cast<double>(value[i])) ^ ((signs >> i) << 63));
}

double floats_plain(std::span<const float> a, std::span<const float> b) { return dot(a, b); }
double doubles_plain(std::span<const float> a, std::span<const double> b) { return dot(a, b); }
void signed_plain(std::span<double> sums, std::span<const float> values, std::uint64_t signs) { add_with_signs(sums, values, signs); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] double floats_avx2(std::span<const float> a, std::span<const float> b) { return dot(a, b); }
[[gnu::target("avx2")]] double doubles_avx2(std::span<const float> a, std::span<const double> b) { return dot(a, b); }
[[gnu::target("avx2")]] void signed_avx2(std::span<double> sums, std::span<const float> values, std::uint64_t signs) { add_with_signs(sums, values, signs); }

Kernels choose() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) return {floats_avx2, doubles_avx2, signed_avx2};
  return {floats_plain, doubles_plain, signed_plain};
}
#else
Kernels choose() { return {floats_plain, doubles_plain, signed_plain}; }
#endif

const Kernels& kernels() {
  static const Kernels chosen = choose();
  return chosen;
}

}  // namespace

double dot_product(std::span<const float> a, std::span<const float> b) { return kernels().floats(a, b); }
double dot_product(std::span<const float> a, std::span<const double> b) { return kernels().doubles(a, b); }
void add_signed(std::span<double> sums, std::span<const float> values, std::uint64_t signs) { kernels().add_signed(sums, values, signs); }

}  // namespace consilium::fl
