#include "imaging/ops/find_face.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "imaging/ops/bit_grid.h"
#include "imaging/ops/orient.h"
#include "imaging/vec3.h"

namespace consilium::imaging {
namespace {

constexpr double kGrid_mm = 4, kMl = kGrid_mm * kGrid_mm * kGrid_mm / 1000;

std::string text(double value) { return std::to_string(std::lround(value)); }

/// The same field of view: its borders stay borders.
Geometry coarse_grid(const Geometry& g) {
  constexpr double kLongest_mm = 3000;
  Geometry grid = g;
  Vec3 first;
  for (std::size_t a = 0; a < 3; ++a) {
    const double length = static_cast<double>(g.size[a]) * g.spacing_mm[a];
    require(length < kLongest_mm, ErrorCode::kUnsupported, "no head found: the image is longer than 3 m");
    grid.size[a] = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length / kGrid_mm)));
    grid.spacing_mm[a] = kGrid_mm;
    first[a] = 0.5 * kGrid_mm / g.spacing_mm[a] - 0.5;
  }
  grid.origin_mm = to_position_mm(g, first);
  return grid;
}

/// The mean of the 8 voxels that are nearest to places around each centre.
Volume sampled(const Volume& image, const Geometry& grid) {
  Volume result{grid, std::vector<float>(voxel_count(grid))};
  const Size3& size = image.geometry.size;
  std::size_t n = 0;
  for (std::size_t k = 0; k < grid.size[2]; ++k)
    for (std::size_t j = 0; j < grid.size[1]; ++j)
      for (std::size_t i = 0; i < grid.size[0]; ++i, ++n) {
        const Size3 centre{i, j, k};
        double sum = 0;
        int finite = 0;
        for (int corner = 0; corner < 8; ++corner) {
          Size3 nearest;
          for (std::size_t a = 0; a < 3; ++a) {
            const double aside = (corner >> a & 1) != 0 ? 0.75 : 0.25;
            const double at = (static_cast<double>(centre[a]) + aside) * kGrid_mm / image.geometry.spacing_mm[a];
            nearest[a] = std::min(static_cast<std::size_t>(at), size[a] - 1);
          }
          const float value = image.voxels[offset_of(size, nearest[0], nearest[1], nearest[2])];
          if (std::isfinite(value)) sum += value, ++finite;
        }
        if (finite > 0) result.voxels[n] = static_cast<float>(sum / finite);
      }
  return result;
}

BitGrid between(const Volume& image, double low, double high) {
  BitGrid grid{image.geometry.size, {}};
  for (const float value : image.voxels) grid.bits.push_back(value >= low && value <= high ? 1 : 0);
  return grid;
}

BitGrid both(BitGrid a, const BitGrid& b) {
  for (std::size_t n = 0; n < a.bits.size(); ++n) a.bits[n] &= b.bits[n];
  return a;
}

/// The head, and where its crown and middle lie.
struct Head {
  BitGrid grid;
  double crown_mm;  ///< z
  Vec3 middle_mm;   ///< 70 mm below the crown
  double forehead_mm;  ///< y
};

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void add(double value) { low = std::min(low, value), high = std::max(high, value); }
  double length() const { return high > low ? high - low + kGrid_mm : 0; }
};

template <typename Visit>
void each_set(const BitGrid& grid, const Geometry& geometry, const Visit& visit) {
  for (std::size_t n = 0; n < grid.bits.size(); ++n) {
    if (grid.bits[n] == 0) continue;
    const std::size_t i = n % grid.size[0], j = n / grid.size[0] % grid.size[1], k = n / (grid.size[0] * grid.size[1]);
    visit(to_position_mm(geometry, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}), n);
  }
}

double crown_of(const BitGrid& head, const Geometry& geometry) {
  constexpr double kAbove_ml = 5;  // hair, noise and what holds the head
  std::vector<double> heights;
  each_set(head, geometry, [&](const Vec3& p, std::size_t) { heights.push_back(p[2]); });
  const auto above = static_cast<std::size_t>(kAbove_ml / kMl);
  require(heights.size() > above, ErrorCode::kUnsupported, "no head found: nothing is brighter than air");
  std::nth_element(heights.begin(), heights.begin() + static_cast<std::ptrdiff_t>(above), heights.end(), std::greater<>());
  return heights[above] + kGrid_mm / 2;
}

Head find_head(const Volume& image, bool is_hu) {
  constexpr double kVaultTop_mm = 50, kVaultEnd_mm = 90;
  const BitGrid bright = between(image, head_threshold(image, is_hu), std::numeric_limits<double>::infinity());
  Head head{filled(dilated(largest_part(eroded(bright, 1)), 2)), 0, {}, 0};
  head.grid = eroded(head.grid, 1);
  head.crown_mm = crown_of(head.grid, image.geometry);
  Extent x, y, z;
  each_set(head.grid, image.geometry, [&](const Vec3& p, std::size_t) {
    const double below = head.crown_mm - p[2];
    z.add(p[2]);
    if (below >= kVaultTop_mm && below <= kVaultEnd_mm) x.add(p[0]), y.add(p[1]);
  });
  require(z.length() >= 100, ErrorCode::kUnsupported, "no head found: the image is only " + text(z.length()) + " mm high");
  require(x.length() >= 100 && x.length() <= 220 && y.length() >= 120 && y.length() <= 270, ErrorCode::kUnsupported,
          "no head found: what lies below the crown is " + text(x.length()) + " mm wide and " + text(y.length()) + " mm long");
  head.forehead_mm = y.low;
  head.middle_mm = {(x.low + x.high) / 2, (y.low + y.high) / 2, head.crown_mm - 70};
  return head;
}

/// What values brain has.
std::pair<double, double> brain_values(const Volume& image, const Head& head, bool is_hu) {
  if (is_hu) return {-5, 100};
  constexpr double kRadius_mm = 35;
  std::vector<float> middle;
  each_set(head.grid, image.geometry, [&](const Vec3& p, std::size_t n) {
    if (length_of({p[0] - head.middle_mm[0], p[1] - head.middle_mm[1], p[2] - head.middle_mm[2]}) < kRadius_mm) middle.push_back(image.voxels[n]);
  });
  require(!middle.empty(), ErrorCode::kUnsupported, "no brain found: the head is empty in the middle");
  std::nth_element(middle.begin(), middle.begin() + static_cast<std::ptrdiff_t>(middle.size() / 2), middle.end());
  const double median = middle[middle.size() / 2];
  return {0.5 * median, 1.7 * median};
}

/// More than the brain rather than less.
BitGrid find_brain(const Volume& image, const Head& head, bool is_hu) {
  constexpr double kDeepest_mm = 190, kSure_mm = 80;
  const auto [low, high] = brain_values(image, head, is_hu);
  const BitGrid below_skin = eroded(head.grid, 2);
  BitGrid likely = both(between(image, low, high), below_skin);
  BitGrid brain = both(dilated(largest_part(eroded(likely, 3)), 3), likely);
  each_set(below_skin, image.geometry, [&](const Vec3& p, std::size_t n) {
    if (head.crown_mm - p[2] <= kSure_mm) brain.bits[n] = 1;
    if (head.crown_mm - p[2] > kDeepest_mm) brain.bits[n] = 0;
  });
  return brain;
}

struct Cut {
  FacePlane plane;
  double face_ml = 0;
};

Cut best_cut(const BitGrid& brain, const Head& head, const Geometry& geometry, double margin_mm) {
  constexpr double kBeforeSpine_mm = 10;
  constexpr double kFaceDepth_mm = 45;  // eyes, nose and mouth; the throat does not count
  Cut best;
  for (int degrees = 30; degrees <= 65; degrees += 5) {
    const double angle = degrees * std::numbers::pi / 180;
    Cut cut{{{0, -std::cos(angle), -std::sin(angle)}, -std::numeric_limits<double>::infinity(), head.middle_mm[1] - kBeforeSpine_mm}, 0};
    each_set(brain, geometry, [&](const Vec3& p, std::size_t) { cut.plane.offset_mm = std::max(cut.plane.offset_mm, dot(cut.plane.normal, p)); });
    cut.plane.offset_mm += margin_mm + kGrid_mm / 2 * (std::abs(cut.plane.normal[1]) + std::abs(cut.plane.normal[2]));
    each_set(head.grid, geometry, [&](const Vec3& p, std::size_t) {
      if (p[1] < head.forehead_mm + kFaceDepth_mm && is_face(cut.plane, p)) cut.face_ml += kMl;
    });
    if (cut.face_ml > best.face_ml) best = cut;
  }
  return best;
}

}  // namespace

double head_threshold(const Volume& image, bool is_hu) {
  if (is_hu) return -300;
  double mean = 0, bright = 0;
  for (const float value : image.voxels)
    if (std::isfinite(value)) mean += value / static_cast<double>(image.voxels.size());
  std::size_t above = 0;
  for (const float value : image.voxels)
    if (value > mean && std::isfinite(value)) bright += value, ++above;
  return above > 0 ? 0.25 * bright / static_cast<double>(above) : std::numeric_limits<double>::infinity();
}

bool is_face(const FacePlane& plane, const Vec3& position_mm) {
  return position_mm[1] < plane.back_mm && dot(plane.normal, position_mm) > plane.offset_mm;
}

FoundFace find_face(const Volume& image, const FindFaceOptions& options) {
  require(options.margin_mm >= 0 && options.margin_mm < 100, ErrorCode::kUsage, "the margin around the brain is from 0 to 100 mm");
  const Volume upright = orient(image, "LPS");
  const Volume coarse = sampled(upright, coarse_grid(upright.geometry));
  const Head head = find_head(coarse, options.is_hu);
  const BitGrid brain = find_brain(coarse, head, options.is_hu);
  const double brain_ml = static_cast<double>(count(brain)) * kMl;
  require(brain_ml >= 500 && brain_ml <= 2600, ErrorCode::kUnsupported, "no brain found: what could be it has " + text(brain_ml) + " ml");
  const Cut cut = best_cut(brain, head, coarse.geometry, options.margin_mm);
  constexpr double kLeastFace_ml = 20;
  require(cut.face_ml >= kLeastFace_ml, ErrorCode::kUnsupported, "no face found: " + text(cut.face_ml) + " ml of the head lie before the brain; is it cut off, or removed already?");
  return {cut.plane, brain_ml, cut.face_ml};
}

void remove_face(Volume& image, const FacePlane& plane, float value) {
  std::size_t n = 0;
  for (std::size_t k = 0; k < image.geometry.size[2]; ++k)
    for (std::size_t j = 0; j < image.geometry.size[1]; ++j)
      for (std::size_t i = 0; i < image.geometry.size[0]; ++i, ++n)
        if (is_face(plane, to_position_mm(image.geometry, {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}))) image.voxels[n] = value;
}

}  // namespace consilium::imaging
