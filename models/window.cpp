#include "models/window.h"

#include <cmath>

#include "base/error.h"

namespace consilium::models {

std::vector<std::size_t> window_starts(std::size_t image, std::size_t window, double overlap) {
  require(image > 0 && window > 0, ErrorCode::kUsage, "image and window need at least one voxel along every axis");
  require(overlap >= 0 && overlap < 1, ErrorCode::kUsage, "overlap is a fraction in [0, 1)");
  if (image <= window) return {0};
  const double step = static_cast<double>(window) * (1 - overlap);
  const auto count = static_cast<std::size_t>(std::ceil(static_cast<double>(image - window) / step)) + 1;
  const double distance = static_cast<double>(image - window) / static_cast<double>(count - 1);
  std::vector<std::size_t> starts;
  // nearbyint: halves to even, as numpy rounds.
  for (std::size_t n = 0; n < count; ++n) starts.push_back(static_cast<std::size_t>(std::nearbyint(distance * static_cast<double>(n))));
  return starts;
}

std::vector<float> gaussian_importance(std::size_t n, double sigma_scale) {
  require(n > 0 && sigma_scale > 0, ErrorCode::kUsage, "a Gaussian window needs a size and a width above 0");
  std::vector<float> weights;
  const double sigma = sigma_scale * static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double x = (static_cast<double>(i) - static_cast<double>(n / 2)) / sigma;
    weights.push_back(static_cast<float>(std::exp(-0.5 * x * x)));
  }
  return weights;
}

}  // namespace consilium::models
