#include "imaging/phantom/pet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"

namespace consilium::imaging {
namespace {

std::vector<double> gaussian_weights(double sigma_voxels) {
  const auto radius = static_cast<int>(std::ceil(4 * sigma_voxels));
  std::vector<double> weights;
  double sum = 0;
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(std::exp(-0.5 * i * i / (sigma_voxels * sigma_voxels)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace

double fdg_suv(Tissue tissue, int condition) {
  //                                               air fat musc skull marr csf grey white ventr vess hyper eye necr nonenh oed enh
  constexpr std::array<double, kTissueCount> kSuv{0, 0.3, 0.8, 0.4, 1.0, 0.3, 8.5, 2.8, 0.3, 1.8, 2.2, 0.6, 0.9, 3.2, 2.0, 9.5};
  const double deviation = (condition - kConditionLevels / 2) / (kConditionLevels / 2.0);
  const double spread = tissue == Tissue::kEnhancing ? 0.4 : 0.08;
  return kSuv[static_cast<std::size_t>(tissue)] * (1 + spread * deviation);
}

Volume blur_gaussian(const Volume& volume, double fwhm_mm) {
  require(std::isfinite(fwhm_mm) && fwhm_mm >= 0 && fwhm_mm <= 100, ErrorCode::kUsage,
          "point spread: expected a width of 0 to 100 mm, found " + std::to_string(fwhm_mm));
  Volume result = volume;
  if (fwhm_mm == 0) return result;
  const Size3& size = volume.geometry.size;
  const std::array<std::size_t, 3> stride{1, size[0], size[0] * size[1]};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double sigma = fwhm_mm / (2 * std::sqrt(2 * std::log(2.0))) / volume.geometry.spacing_mm[axis];
    const std::vector<double> weights = gaussian_weights(sigma);
    const auto radius = static_cast<std::ptrdiff_t>(weights.size() / 2), last = static_cast<std::ptrdiff_t>(size[axis]) - 1;
    const std::vector<float> before = result.voxels;
    for (std::size_t offset = 0; offset < before.size(); ++offset) {
      const auto at = static_cast<std::ptrdiff_t>(offset / stride[axis] % size[axis]);
      const std::size_t line = offset - static_cast<std::size_t>(at) * stride[axis];
      double sum = 0;
      for (std::ptrdiff_t d = -radius; d <= radius; ++d) {
        const auto clamped = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(at + d, 0, last));
        sum += weights[static_cast<std::size_t>(d + radius)] * before[line + clamped * stride[axis]];
      }
      result.voxels[offset] = static_cast<float>(sum);
    }
  }
  return result;
}

}  // namespace consilium::imaging
