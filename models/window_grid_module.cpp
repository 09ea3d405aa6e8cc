#include "models/window_grid_module.h"

#include <algorithm>

#include "base/error.h"
#include "models/window.h"

namespace consilium::models {

WindowGrid::WindowGrid(const at::Tensor& image, const WindowOptions& options, int stride) : patch(options.patch) {
  std::array<std::int64_t, 3> pad{};
  std::array<std::vector<std::size_t>, 3> starts;
  for (int a = 0; a < 3; ++a) {
    require(patch[a] > 0 && patch[a] % stride == 0, ErrorCode::kUsage, "patch size " + std::to_string(patch[a]) + " is no multiple of " + std::to_string(stride));
    pad[a] = std::max<std::int64_t>(0, patch[a] - image.size(a + 1));
    starts[a] = window_starts(static_cast<std::size_t>(image.size(a + 1) + pad[a]), static_cast<std::size_t>(patch[a]), options.overlap);
  }
  padded = torch::constant_pad_nd(image, {0, pad[2], 0, pad[1], 0, pad[0]}, 0);
  for (const std::size_t d : starts[0])
    for (const std::size_t h : starts[1])
      for (const std::size_t w : starts[2]) places.push_back({static_cast<std::int64_t>(d), static_cast<std::int64_t>(h), static_cast<std::int64_t>(w)});
}

at::Tensor WindowGrid::window_of(const at::Tensor& x, const WindowPlace& at) const {
  const std::int64_t first = x.dim() - 3;
  return x.narrow(first, at[0], patch[0]).narrow(first + 1, at[1], patch[1]).narrow(first + 2, at[2], patch[2]);
}

}  // namespace consilium::models
