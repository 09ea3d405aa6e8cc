#include "models/norm_activation_kernel.h"

#include <algorithm>
#include <cmath>

namespace consilium::models {
namespace {

// Debian's baseline is SSE2: the wider versions are chosen when the program starts. Not under a sanitizer, see conv3d_kernel.cpp.
#if defined(__x86_64__) && !defined(CONSILIUM_SANITIZED)
#define CONSILIUM_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("fp-contract=fast")))
#else
#define CONSILIUM_EVERY_PROCESSOR
#endif

// Lanes are added up in the values' own type over a block, blocks in double: as exact as double for planes of millions, and as fast as float.
constexpr std::size_t kLanes = 16, kBlock = 1024;

template <typename T>
inline __attribute__((always_inline)) double sum_of(const T* x, std::size_t count) {
  double total = 0;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t end = std::min(count, start + kBlock);
    T lanes[kLanes] = {};
    std::size_t n = start;
    for (; n + kLanes <= end; n += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += x[n + lane];
    for (; n < end; ++n) lanes[0] += x[n];
    for (const T lane : lanes) total += lane;
  }
  return total;
}

template <typename T>
inline __attribute__((always_inline)) double squares_about(const T* x, std::size_t count, T mean) {
  double total = 0;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t end = std::min(count, start + kBlock);
    T lanes[kLanes] = {};
    std::size_t n = start;
    for (; n + kLanes <= end; n += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += (x[n + lane] - mean) * (x[n + lane] - mean);
    for (; n < end; ++n) lanes[0] += (x[n] - mean) * (x[n] - mean);
    for (const T lane : lanes) total += lane;
  }
  return total;
}

template <typename T>
inline __attribute__((always_inline)) PlaneMoments normalise(const T* x, std::size_t count, T weight, T bias, double eps, T slope, T* y) {
  const double mean = sum_of(x, count) / static_cast<double>(count);
  const double variance = squares_about(x, count, static_cast<T>(mean)) / static_cast<double>(count);
  const double scale = 1 / std::sqrt(variance + eps);
  const T factor = static_cast<T>(scale) * weight, shift = bias - static_cast<T>(mean) * factor;
  for (std::size_t n = 0; n < count; ++n) {
    const T value = x[n] * factor + shift;
    y[n] = value > 0 ? value : value * slope;
  }
  return {mean, scale};
}

template <typename T>
inline __attribute__((always_inline)) PlaneGradients gradient(const T* x, const T* of_y, std::size_t count, const PlaneMoments& moments, T weight, T bias, T slope, T* of_x) {
  const T mean = static_cast<T>(moments.mean), scale = static_cast<T>(moments.scale), factor = scale * weight, shift = bias - mean * factor;
  double sum = 0, product = 0;
  for (std::size_t start = 0; start < count; start += kBlock) {
    const std::size_t end = std::min(count, start + kBlock);
    T sums[kLanes] = {}, products[kLanes] = {};
    std::size_t n = start;
    for (; n + kLanes <= end; n += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const T g = x[n + lane] * factor + shift > 0 ? of_y[n + lane] : of_y[n + lane] * slope;
        sums[lane] += g;
        products[lane] += g * (x[n + lane] - mean);
      }
    for (; n < end; ++n) {
      const T g = x[n] * factor + shift > 0 ? of_y[n] : of_y[n] * slope;
      sums[0] += g;
      products[0] += g * (x[n] - mean);
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += sums[lane], product += products[lane];
  }
  const double of_weight = product * moments.scale;
  // of_x = factor (g - mean of g - xhat * mean of g xhat), as one line in x and g.
  const T mean_gradient = static_cast<T>(sum / static_cast<double>(count)), slope_of_x = static_cast<T>(of_weight / static_cast<double>(count)) * scale;
  for (std::size_t n = 0; n < count; ++n) {
    const T g = x[n] * factor + shift > 0 ? of_y[n] : of_y[n] * slope;
    of_x[n] = factor * (g - mean_gradient - (x[n] - mean) * slope_of_x);
  }
  return {of_weight, sum};
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
