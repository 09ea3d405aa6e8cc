#include "imaging/metrics/mutual_information.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "imaging/ops/interpolate_linear.h"

namespace consilium::imaging {
namespace {

/// Equal bins between the least and the greatest finite value.
class Bins {
 public:
  Bins(const Volume& volume, int count) : count_(static_cast<std::size_t>(count)) {
    float low = INFINITY, high = -INFINITY;
    for (const float value : volume.voxels)
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    low_ = low;
    width_ = high > low ? (static_cast<double>(high) - low) / count : 1;
  }
  std::size_t of(double value) const { return static_cast<std::size_t>(std::clamp((value - low_) / width_, 0.0, static_cast<double>(count_ - 1))); }

 private:
  std::size_t count_;
  double low_ = 0, width_ = 1;
};

/// Nothing outside of the voxels' centres.
std::optional<double> value_at(const Volume& volume, const Vec3& index) {
  const Size3& size = volume.geometry.size;
  for (std::size_t a = 0; a < 3; ++a)
    if (!(index[a] >= 0 && index[a] <= static_cast<double>(size[a] - 1))) return std::nullopt;
  return interpolate_linear(volume.voxels, size, index);
}

double information_of(const std::vector<double>& joint, std::size_t bins, double total) {
  std::vector<double> rows(bins, 0), columns(bins, 0);
  for (std::size_t a = 0; a < bins; ++a)
    for (std::size_t b = 0; b < bins; ++b) rows[a] += joint[a * bins + b], columns[b] += joint[a * bins + b];
  double nats = 0;
  for (std::size_t a = 0; a < bins; ++a)
    for (std::size_t b = 0; b < bins; ++b)
      if (const double both = joint[a * bins + b]; both > 0) nats += both / total * std::log(both * total / (rows[a] * columns[b]));
  return nats;
}

}  // namespace

MutualInformation mutual_information(const Volume& fixed, const Volume& moving, const RigidTransform& to_moving, const MutualInformationOptions& options) {
  require(options.bins >= 2 && options.bins <= 256, ErrorCode::kUsage, "mutual information: expected 2 to 256 bins");
  require(options.most_samples > 0, ErrorCode::kUsage, "mutual information: expected at least one sample");
  validate(fixed.geometry);
  validate(moving.geometry);
  const auto bins = static_cast<std::size_t>(options.bins);
  const Bins of_fixed(fixed, options.bins), of_moving(moving, options.bins);
  const Size3& size = fixed.geometry.size;
  // Every n-th voxel along each axis.
  std::size_t step = 1;
  const auto looked_at = [&](std::size_t n) { return ((size[0] + n - 1) / n) * ((size[1] + n - 1) / n) * ((size[2] + n - 1) / n); };
  while (looked_at(step) > options.most_samples) ++step;
  std::vector<double> joint(bins * bins, 0);
  double inside = 0;
  for (std::size_t k = 0; k < size[2]; k += step)
    for (std::size_t j = 0; j < size[1]; j += step)
      for (std::size_t i = 0; i < size[0]; i += step) {
        const float here = fixed.voxels[offset_of(size, i, j, k)];
        const Vec3 place = to_position_mm(fixed.geometry, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        const auto there = value_at(moving, to_index(moving.geometry, transformed(to_moving, place)));
        if (!there || !std::isfinite(*there) || !std::isfinite(here)) continue;
        joint[of_fixed.of(here) * bins + of_moving.of(*there)] += 1;
        inside += 1;
      }
  if (inside == 0) return {};
  return {information_of(joint, bins, inside), inside / static_cast<double>(looked_at(step))};
}

}  // namespace consilium::imaging
