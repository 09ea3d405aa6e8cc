#include "models/conv3d_kernel.h"

namespace consilium::models {

// Debian's baseline is SSE2: the wider versions are chosen when the program starts. Not under a sanitizer: the code that chooses is instrumented
// too, and calls the sanitizer before the loader has linked it.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define CONSILIUM_EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default"), optimize("fp-contract=fast")))
#else
#define CONSILIUM_EVERY_PROCESSOR
#endif

CONSILIUM_EVERY_PROCESSOR
void add_plane_products(const float* x, std::size_t x_row, const float* g, std::size_t g_channel, std::size_t rows, std::size_t columns, float* sums) {
  using Lanes = float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));
  Lanes s[kChannelsAtOnce][3];
  for (std::size_t o = 0; o < kChannelsAtOnce; ++o)
    for (std::size_t k = 0; k < 3; ++k) s[o][k] = *reinterpret_cast<const Lanes*>(sums + (o * 3 + k) * kLanes);
  for (std::size_t h = 0; h < rows; ++h)
    for (std::size_t w = 0; w < columns; w += kLanes) {
      const float* place = x + h * x_row + w;
      const Lanes x0 = *reinterpret_cast<const Lanes*>(place), x1 = *reinterpret_cast<const Lanes*>(place + 1), x2 = *reinterpret_cast<const Lanes*>(place + 2);
      for (std::size_t o = 0; o < kChannelsAtOnce; ++o) {
        const Lanes gradient = *reinterpret_cast<const Lanes*>(g + o * g_channel + h * columns + w);
        s[o][0] += gradient * x0;
        s[o][1] += gradient * x1;
        s[o][2] += gradient * x2;
      }
    }
  for (std::size_t o = 0; o < kChannelsAtOnce; ++o)
    for (std::size_t k = 0; k < 3; ++k) *reinterpret_cast<Lanes*>(sums + (o * 3 + k) * kLanes) = s[o][k];
}

}  // namespace consilium::models
