#include "imaging/metrics/similarity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace consilium::imaging {
namespace {

struct Moments {
  double mean_a = 0, mean_b = 0, variance_a = 0, variance_b = 0, covariance = 0;
};

/// Over the cube [start, start + edge) in i, j, k; sample variances.
Moments moments(std::span<const double> a, std::span<const float> b, const Size3& size, const Size3& start, const Size3& edge) {
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t k = start[2]; k < start[2] + edge[2]; ++k)
    for (std::size_t j = start[1]; j < start[1] + edge[1]; ++j)
      for (std::size_t i = start[0]; i < start[0] + edge[0]; ++i) {
        const std::size_t n = (k * size[1] + j) * size[0] + i;
        const double x = a[n], y = static_cast<double>(b[n]);
        sum_a += x, sum_b += y, aa += x * x, bb += y * y, ab += x * y;
      }
  const double count = static_cast<double>(edge[0] * edge[1] * edge[2]), less = std::max(1.0, count - 1);
  const double mean_a = sum_a / count, mean_b = sum_b / count;
  return {mean_a, mean_b, (aa - count * mean_a * mean_a) / less, (bb - count * mean_b * mean_b) / less, (ab - count * mean_a * mean_b) / less};
}

double ssim(std::span<const double> a, std::span<const float> b, const Size3& size, double range) {
  const double c1 = std::pow(0.01 * range, 2), c2 = std::pow(0.03 * range, 2);
  Size3 edge;
  for (std::size_t axis = 0; axis < 3; ++axis) edge[axis] = std::min<std::size_t>(7, size[axis]);
  double sum = 0, count = 0;
  for (std::size_t k = 0; k + edge[2] <= size[2]; ++k)
    for (std::size_t j = 0; j + edge[1] <= size[1]; ++j)
      for (std::size_t i = 0; i + edge[0] <= size[0]; ++i) {
        const Moments m = moments(a, b, size, {i, j, k}, edge);
        sum += (2 * m.mean_a * m.mean_b + c1) * (2 * m.covariance + c2) / ((m.mean_a * m.mean_a + m.mean_b * m.mean_b + c1) * (m.variance_a + m.variance_b + c2));
        ++count;
      }
  return sum / count;
}

/// The same of all voxels.
Moments moments(std::span<const double> a, std::span<const float> b) { return moments(a, b, {a.size(), 1, 1}, {0, 0, 0}, {a.size(), 1, 1}); }

std::vector<double> fitted(std::span<const float> image, std::span<const float> reference, const Moments& all) {
  const double slope = all.variance_a > 0 ? all.covariance / all.variance_a : 0;
  std::vector<double> result;
  for (const float value : image) result.push_back(all.mean_b + slope * (static_cast<double>(value) - all.mean_a));
  return result;
}

}  // namespace

std::vector<float> fit_contrast(std::span<const float> image, std::span<const float> reference) {
  require(!image.empty() && image.size() == reference.size(), ErrorCode::kMismatch, "two images to compare are not of one size");
  const std::vector<double> values = fitted(image, reference, moments(std::vector<double>(image.begin(), image.end()), reference));
  return {values.begin(), values.end()};
}

Similarity similarity(std::span<const float> image, std::span<const float> reference, const Size3& size) {
  const std::size_t count = size[0] * size[1] * size[2];
  require(count > 0 && image.size() == count && reference.size() == count, ErrorCode::kMismatch, "two images to compare are not of one size");
  const auto [low, high] = std::minmax_element(reference.begin(), reference.end());
  const double range = static_cast<double>(*high) - static_cast<double>(*low);
  require(range > 0, ErrorCode::kUsage, "an image to compare with is the same everywhere");
  const Moments all = moments(std::vector<double>(image.begin(), image.end()), reference);
  const std::vector<double> fit = fitted(image, reference, all);
  double squares = 0;
  for (std::size_t n = 0; n < count; ++n) squares += std::pow(fit[n] - static_cast<double>(reference[n]), 2) / static_cast<double>(count);
  Similarity result;
  result.correlation = all.variance_a > 0 && all.variance_b > 0 ? all.covariance / std::sqrt(all.variance_a * all.variance_b) : 0;
  result.psnr_db = std::min(100.0, squares > 0 ? 10 * std::log10(range * range / squares) : 100.0);
  result.ssim = ssim(fit, reference, size, range);
  return result;
}

}  // namespace consilium::imaging
