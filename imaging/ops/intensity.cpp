#include "imaging/ops/intensity.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace consilium::imaging {

Volume zscore(const Volume& volume, std::span<const std::uint8_t> mask) {
  require(mask.size() == volume.voxels.size(), ErrorCode::kMismatch, "mask and image differ in size");
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (mask[i] != 0) sum += volume.voxels[i], count += 1;
  const double mean = count > 0 ? sum / count : 0;
  double squares = 0;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (mask[i] != 0) squares += (volume.voxels[i] - mean) * (volume.voxels[i] - mean);
  const double deviation = count > 0 ? std::sqrt(squares / count) : 0;
  Volume result{volume.geometry, std::vector<float>(volume.voxels.size(), 0)};
  if (deviation > 0)
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (mask[i] != 0) result.voxels[i] = static_cast<float>((volume.voxels[i] - mean) / deviation);
  return result;
}

Volume zscore_foreground(const Volume& volume) {
  std::vector<std::uint8_t> mask(volume.voxels.size());
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = volume.voxels[i] != 0 ? 1 : 0;
  return zscore(volume, mask);
}

Volume window_ct(const Volume& volume, const CtWindow& window) {
  require(window.width_hu > 0, ErrorCode::kUsage, "the width of a CT window is a positive number of HU");
  Volume result = volume;
  for (float& value : result.voxels) value = static_cast<float>(std::clamp((value - window.level_hu) / window.width_hu + 0.5, 0.0, 1.0));
  return result;
}

Volume percentile_clip(const Volume& volume, double low, double high, std::span<const std::uint8_t> mask) {
  require(low >= 0 && low < high && high <= 100, ErrorCode::kUsage, "percentiles need 0 <= low < high <= 100");
  require(mask.empty() || mask.size() == volume.voxels.size(), ErrorCode::kMismatch, "mask and image differ in size");
  std::vector<float> sorted;
  for (std::size_t i = 0; i < volume.voxels.size(); ++i)
    if (std::isfinite(volume.voxels[i]) && (mask.empty() || mask[i] != 0)) sorted.push_back(volume.voxels[i]);
  if (sorted.empty()) return volume;
  std::sort(sorted.begin(), sorted.end());
  const auto at = [&](double percentile) {
    const double position = percentile / 100 * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return static_cast<float>(sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]));
  };
  const float from = at(low), to = at(high);
  Volume result = volume;
  for (float& value : result.voxels)
    if (!std::isnan(value)) value = std::clamp(value, from, to);
  return result;
}

std::vector<std::uint8_t> otsu_mask(const Volume& volume) {
  constexpr std::size_t kBins = 256;
  float low = INFINITY, high = -INFINITY;
  for (const float value : volume.voxels)
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  std::vector<std::uint8_t> mask(volume.voxels.size(), 0);
  if (!(high > low)) return mask;
  const auto bin_of = [&](float value) { return std::min(kBins - 1, static_cast<std::size_t>((value - low) / (high - low) * kBins)); };
  std::array<double, kBins> histogram{};
  double total = 0, sum = 0;
  for (const float value : volume.voxels)
    if (std::isfinite(value)) histogram[bin_of(value)] += 1, total += 1;
  for (std::size_t b = 0; b < kBins; ++b) sum += static_cast<double>(b) * histogram[b];
  double weight = 0, below = 0, best = -1;
  std::size_t threshold = 0;
  for (std::size_t b = 0; b + 1 < kBins; ++b) {
    weight += histogram[b];
    below += static_cast<double>(b) * histogram[b];
    if (weight == 0 || weight == total) continue;
    const double difference = below / weight - (sum - below) / (total - weight);
    const double between = weight * (total - weight) * difference * difference;
    if (between > best) best = between, threshold = b;
  }
  for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = std::isfinite(volume.voxels[i]) && bin_of(volume.voxels[i]) > threshold ? 1 : 0;
  return mask;
}

}  // namespace consilium::imaging
