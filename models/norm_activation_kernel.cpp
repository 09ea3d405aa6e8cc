#include "models/norm_activation_kernel.h"

#include <algorithm>
#include <cmath>

// Every function that takes or gives vectors is inlined: none has a calling convention that the choice of instructions could change.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace consilium::models {
namespace {

// Debian's baseline is SSE2: the wider versions are chosen when the program starts. Not under a sanitizer, see conv3d_kernel.cpp.
#if defined(__x86_64__) && !defined(CONSILIUM_SANITIZED)
#define CONSILIUM_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("fp-contract=fast")))
#else
#define CONSILIUM_EVERY_PROCESSOR
#endif
#define CONSILIUM_INLINE inline __attribute__((always_inline))

// A vector adds up four streams of one block in the values' own type, blocks are added in double: as exact as double for planes of millions.
constexpr std::size_t kStreams = 4, kBlock = 1024;

template <typename T>
struct Lanes {
  static constexpr std::size_t kCount = 32 / sizeof(T);
  using Type __attribute__((vector_size(32), aligned(sizeof(T)), may_alias)) = T;
};

/// Adds visit(n) for every vector from n on, and visit_one for what is left over, to sums of `kSums` kinds.
template <typename T, int kSums, typename Visit>
CONSILIUM_INLINE void add_up(std::size_t count, double (&totals)[kSums], const Visit& visit) {
  using Vector = typename Lanes<T>::Type;
  constexpr std::size_t kStep = Lanes<T>::kCount;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t end = std::min(count, start + kBlock);
    Vector sums[kStreams][kSums] = {};
    std::size_t n = start;
    for (; n + kStreams * kStep <= end; n += kStreams * kStep)
      for (std::size_t stream = 0; stream < kStreams; ++stream) visit.add(n + stream * kStep, sums[stream]);
    for (; n < end; ++n) visit.add_one(n, totals);
    for (int kind = 0; kind < kSums; ++kind) {
      const Vector all = (sums[0][kind] + sums[1][kind]) + (sums[2][kind] + sums[3][kind]);
      for (std::size_t lane = 0; lane < kStep; ++lane) totals[kind] += all[lane];
    }
  }
}

template <typename T>
CONSILIUM_INLINE typename Lanes<T>::Type load(const T* at) {
  return *reinterpret_cast<const typename Lanes<T>::Type*>(at);
}

template <typename T>
struct Sum {
  const T* x;
  CONSILIUM_INLINE void add(std::size_t n, typename Lanes<T>::Type (&sums)[1]) const { sums[0] += load(x + n); }
  CONSILIUM_INLINE void add_one(std::size_t n, double (&totals)[1]) const { totals[0] += x[n]; }
};

template <typename T>
struct Squares {
  const T* x;
  T mean;
  CONSILIUM_INLINE void add(std::size_t n, typename Lanes<T>::Type (&sums)[1]) const {
    const auto d = load(x + n) - mean;
    sums[0] += d * d;
  }
  CONSILIUM_INLINE void add_one(std::size_t n, double (&totals)[1]) const { totals[0] += static_cast<double>((x[n] - mean) * (x[n] - mean)); }
};

/// The gradient before the leaky ReLU, and its product with the distance from the mean.
template <typename T>
struct Gradients {
  const T *x, *of_y;
  T mean, factor, shift, slope;
  CONSILIUM_INLINE typename Lanes<T>::Type before(std::size_t n) const {
    const auto g = load(of_y + n);
    return load(x + n) * factor + shift > 0 ? g : g * slope;
  }
  CONSILIUM_INLINE T before_one(std::size_t n) const { return x[n] * factor + shift > 0 ? of_y[n] : of_y[n] * slope; }
  CONSILIUM_INLINE void add(std::size_t n, typename Lanes<T>::Type (&sums)[2]) const {
    const auto g = before(n);
    sums[0] += g;
    sums[1] += g * (load(x + n) - mean);
  }
  CONSILIUM_INLINE void add_one(std::size_t n, double (&totals)[2]) const {
    totals[0] += before_one(n);
    totals[1] += static_cast<double>(before_one(n) * (x[n] - mean));
  }
};

template <typename T>
CONSILIUM_INLINE PlaneMoments normalise(const T* x, std::size_t count, T weight, T bias, double eps, T slope, T* y) {
  double sum[1] = {0}, squares[1] = {0};
  add_up<T, 1>(count, sum, Sum<T>{x});
  const double mean = sum[0] / static_cast<double>(count);
  add_up<T, 1>(count, squares, Squares<T>{x, static_cast<T>(mean)});
  const double scale = 1 / std::sqrt(squares[0] / static_cast<double>(count) + eps);
  const T factor = static_cast<T>(scale) * weight, shift = bias - static_cast<T>(mean) * factor;
  constexpr std::size_t kStep = Lanes<T>::kCount;
  std::size_t n = 0;
  for (; n + kStep <= count; n += kStep) {
    const auto value = load(x + n) * factor + shift;
    *reinterpret_cast<typename Lanes<T>::Type*>(y + n) = value > 0 ? value : value * slope;
  }
  for (; n < count; ++n) {
    const T value = x[n] * factor + shift;
    y[n] = value > 0 ? value : value * slope;
  }
  return {mean, scale};
}

template <typename T>
CONSILIUM_INLINE PlaneGradients gradient(const T* x, const T* of_y, std::size_t count, const PlaneMoments& moments, T weight, T bias, T slope, T* of_x) {
  const T mean = static_cast<T>(moments.mean), scale = static_cast<T>(moments.scale), factor = scale * weight;
  const Gradients<T> gradients{x, of_y, mean, factor, bias - mean * factor, slope};
  double sums[2] = {0, 0};
  add_up<T, 2>(count, sums, gradients);
  const double of_weight = sums[1] * moments.scale;
  // of_x = factor (g - mean of g - xhat * mean of g xhat).
  const T mean_gradient = static_cast<T>(sums[0] / static_cast<double>(count)), slope_of_x = static_cast<T>(of_weight / static_cast<double>(count)) * scale;
  constexpr std::size_t kStep = Lanes<T>::kCount;
  std::size_t n = 0;
  for (; n + kStep <= count; n += kStep)
    *reinterpret_cast<typename Lanes<T>::Type*>(of_x + n) = factor * (gradients.before(n) - mean_gradient - (load(x + n) - mean) * slope_of_x);
  for (; n < count; ++n) of_x[n] = factor * (gradients.before_one(n) - mean_gradient - (x[n] - mean) * slope_of_x);
  return {of_weight, sums[0]};
}

}  // namespace

CONSILIUM_EVERY_PROCESSOR
PlaneMoments normalise_plane(const float* x, std::size_t count, float weight, float bias, double eps, float slope, float* y) { return normalise(x, count, weight, bias, eps, slope, y); }

PlaneMoments normalise_plane(const double* x, std::size_t count, double weight, double bias, double eps, double slope, double* y) { return normalise(x, count, weight, bias, eps, slope, y); }

CONSILIUM_EVERY_PROCESSOR
PlaneGradients plane_gradient(const float* x, const float* of_y, std::size_t count, const PlaneMoments& moments, float weight, float bias, float slope, float* of_x) {
  return gradient(x, of_y, count, moments, weight, bias, slope, of_x);
}

PlaneGradients plane_gradient(const double* x, const double* of_y, std::size_t count, const PlaneMoments& moments, double weight, double bias, double slope, double* of_x) {
  return gradient(x, of_y, count, moments, weight, bias, slope, of_x);
}

}  // namespace consilium::models
