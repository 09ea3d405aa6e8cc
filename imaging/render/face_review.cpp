#include "imaging/render/face_review.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace consilium::imaging {
namespace {

constexpr double kPixel_mm = 1.5, kStep_mm = 1.5;

/// A box along the patient's axes.
struct Bounds {
  Vec3 low, high;
  int pixels(std::size_t axis) const { return std::max(1, static_cast<int>((high[axis] - low[axis]) / kPixel_mm)); }
};

/// Of what is brighter than air, so that a body below the head does not fill the picture.
Bounds bounds_of(const Volume& image, double threshold) {
  constexpr double kTallest_mm = 300, kInfinite = std::numeric_limits<double>::infinity();
  Bounds b{{kInfinite, kInfinite, kInfinite}, {-kInfinite, -kInfinite, -kInfinite}};
  std::size_t n = 0;
  for (std::size_t k = 0; k < image.geometry.size[2]; ++k)
    for (std::size_t j = 0; j < image.geometry.size[1]; ++j)
      for (std::size_t i = 0; i < image.geometry.size[0]; ++i, ++n) {
        if (!(image.voxels[n] > threshold)) continue;
        const Vec3 p = to_position_mm(image.geometry, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        for (std::size_t a = 0; a < 3; ++a) b.low[a] = std::min(b.low[a], p[a]), b.high[a] = std::max(b.high[a], p[a]);
      }
  b.low[2] = std::max(b.low[2], b.high[2] - kTallest_mm);
  return b;
}

float value_at(const Volume& image, const Vec3& position) {
  const Vec3 at = to_index(image.geometry, position);
  Size3 index;
  for (std::size_t a = 0; a < 3; ++a) {
    const double rounded = std::round(at[a]);
    if (!(rounded >= 0 && rounded < static_cast<double>(image.geometry.size[a]))) return -std::numeric_limits<float>::infinity();
    index[a] = static_cast<std::size_t>(rounded);
  }
  return image.voxels[offset_of(image.geometry.size, index[0], index[1], index[2])];
}

/// Columns run along `across`, rows from the head down; `shade` gives the grey of a place.
template <typename Shade>
Picture drawn(const Bounds& b, std::size_t across, const Shade& shade) {
  Picture picture{b.pixels(across), b.pixels(2), 1, {}};
  for (int row = 0; row < picture.height; ++row)
    for (int column = 0; column < picture.width; ++column) {
      Vec3 p{};
      p[across] = b.low[across] + (column + 0.5) * kPixel_mm, p[2] = b.high[2] - (row + 0.5) * kPixel_mm;
      picture.bytes.push_back(static_cast<std::uint8_t>(std::clamp(shade(p), 0.0, 255.0)));
    }
  return picture;
}

Picture middle_slice(const Volume& image, const Bounds& b, double white, double black) {
  return drawn(b, 1, [&](Vec3 p) {
    p[0] = (b.low[0] + b.high[0]) / 2;
    return 255 * (value_at(image, p) - black) / (white - black);
  });
}

/// The skin: near is bright, and what turns away from the eye is dark.
Picture surface(const Volume& image, const Bounds& b, double threshold, std::size_t along) {
  const std::size_t across = 1 - along;
  const auto depth_at = [&](Vec3 p) {
    double depth = 0;
    const double whole = b.high[along] - b.low[along];
    for (; depth <= whole; depth += kStep_mm) {
      p[along] = b.low[along] + depth;
      if (value_at(image, p) > threshold) return depth;
    }
    return std::numeric_limits<double>::infinity();
  };
  return drawn(b, across, [&](const Vec3& p) {
    const double depth = depth_at(p);
    if (!std::isfinite(depth)) return 0.0;
    double slope = 0;
    for (const std::size_t a : {across, std::size_t{2}}) {
      Vec3 next = p;
      next[a] += 2 * kPixel_mm;
      const double other = depth_at(next);
      slope += std::isfinite(other) ? std::abs(other - depth) / (2 * kPixel_mm) : 2;
    }
    return (255 - 100 * depth / (b.high[along] - b.low[along])) / std::sqrt(1 + slope * slope);
  });
}

/// Grey pictures in rows, the same in each, on white.
Picture tiled(const std::vector<std::vector<Picture>>& rows) {
  constexpr int kGap = 6;
  Picture sheet{kGap, kGap, 1, {}};
  for (const Picture& p : rows.front()) sheet.width += p.width + kGap;
  for (const auto& row : rows) sheet.height += row.front().height + kGap;
  sheet.bytes.assign(static_cast<std::size_t>(sheet.width) * static_cast<std::size_t>(sheet.height), 255);
  int top = kGap;
  for (const auto& row : rows) {
    int left = kGap;
    for (const Picture& p : row) {
      for (int y = 0; y < p.height; ++y)
        std::copy_n(p.bytes.begin() + static_cast<std::ptrdiff_t>(y) * p.width, p.width, sheet.bytes.begin() + static_cast<std::ptrdiff_t>(top + y) * sheet.width + left);
      left += p.width + kGap;
    }
    top += row.front().height + kGap;
  }
  return sheet;
}

}  // namespace

Picture render_face_review(const Volume& before, const Volume& after, const FindFaceOptions& options) {
  const double threshold = head_threshold(before, options.is_hu);
  const Bounds b = bounds_of(before, threshold);
  require(b.low[0] < b.high[0], ErrorCode::kUnsupported, "no head found: nothing is brighter than air");
  const double black = options.is_hu ? -200 : 0, white = options.is_hu ? 300 : 8 * threshold;
  std::vector<std::vector<Picture>> rows;
  for (const Volume* image : {&before, &after})
    rows.push_back({middle_slice(*image, b, white, black), surface(*image, b, threshold, 1), surface(*image, b, threshold, 0)});
  return tiled(rows);
}

}  // namespace consilium::imaging
