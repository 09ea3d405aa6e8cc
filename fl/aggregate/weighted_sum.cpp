#include "fl/aggregate/weighted_sum.h"

// Compiled with -ffp-contract=off: a fused multiply-add rounds once where the plain loop rounds twice.

namespace consilium::fl {
namespace {

using Kernel = void (*)(std::span<double>, std::span<const WeightedValues>);

[[gnu::always_inline]] inline void add(std::span<double> sums, std::span<const WeightedValues> parts) {
  const std::size_t count = sums.size();
  double* sum = sums.data();
  std::size_t part = 0;
  for (; part + kPartsAtOnce <= parts.size(); part += kPartsAtOnce) {
    const WeightedValues a = parts[part], b = parts[part + 1], c = parts[part + 2], d = parts[part + 3];
    for (std::size_t i = 0; i < count; ++i) {
      double value = sum[i] + a.weight * static_cast<double>(a.values[i]);
      value += b.weight * static_cast<double>(b.values[i]);
      value += c.weight * static_cast<double>(c.values[i]);
      sum[i] = value + d.weight * static_cast<double>(d.values[i]);
    }
  }
  for (; part < parts.size(); ++part)
    for (std::size_t i = 0; i < count; ++i) sum[i] += parts[part].weight * static_cast<double>(parts[part].values[i]);
}

void add_plain(std::span<double> sums, std::span<const WeightedValues> parts) { add(sums, parts); }

#if defined(__x86_64__)
[[gnu::target("avx2")]] void add_avx2(std::span<double> sums, std::span<const WeightedValues> parts) { add(sums, parts); }
[[gnu::target("avx512f")]] void add_avx512(std::span<double> sums, std::span<const WeightedValues> parts) { add(sums, parts); }

// Not the compiler's target_clones: its resolver runs before a sanitizer is ready.
Kernel choose() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) return add_avx512;
  if (__builtin_cpu_supports("avx2")) return add_avx2;
  return add_plain;
}
#else
Kernel choose() { return add_plain; }
#endif

}  // namespace

void add_weighted(std::span<double> sums, std::span<const WeightedValues> parts) {
  static const Kernel kernel = choose();
  kernel(sums, parts);
}

}  // namespace consilium::fl
