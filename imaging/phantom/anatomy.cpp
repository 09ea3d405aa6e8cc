#include "imaging/phantom/anatomy.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace consilium::imaging {
namespace {

/// Distance to an ellipsoid's surface along the ray from its centre, mm; inside > 0.
double depth_in(const Vec3& p, const Vec3& centre, const Vec3& axes) {
  double length = 0, relative = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double d = p[i] - centre[i];
    length += d * d;
    relative += d * d / (axes[i] * axes[i]);
  }
  if (relative < 1e-6) return std::min({axes[0], axes[1], axes[2]});
  return std::sqrt(length) * (1 / std::sqrt(relative) - 1);
}

double distance_to_segment(const Vec3& p, const Vec3& a, const Vec3& b) {
  double along = 0, length = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    along += (p[i] - a[i]) * (b[i] - a[i]);
    length += (b[i] - a[i]) * (b[i] - a[i]);
  }
  const double t = std::clamp(along / length, 0.0, 1.0);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double d = p[i] - (a[i] + t * (b[i] - a[i]));
    sum += d * d;
  }
  return std::sqrt(sum);
}

constexpr Vec3 kCerebrumCentre{0, 0, 10}, kCerebrumAxes{61, 79, 52};
constexpr Vec3 kTemporalCentre{37, -10, -16}, kTemporalAxes{22, 42, 20};
constexpr Vec3 kCerebellumCentre{0, 42, -30}, kCerebellumAxes{47, 33, 24};
constexpr Vec3 kStemCentre{0, 16, -42}, kStemAxes{13, 13, 46};
/// The brain's lower side in front: the roofs of the orbits.
constexpr double kFrontalFloorMm = -14;

Matrix3 transposed_rotation(double ax, double ay, double az) {
  const double cx = std::cos(ax), sx = std::sin(ax), cy = std::cos(ay), sy = std::sin(ay), cz = std::cos(az), sz = std::sin(az);
  return {{{cy * cz, cy * sz, -sy},
           {sx * sy * cz - cx * sz, sx * sy * sz + cx * cz, sx * cy},
           {cx * sy * cz + sx * sz, cx * sy * sz - sx * cz, cx * cy}}};
}

}  // namespace

Anatomy::Anatomy(const HeadOptions& options, const Rng& rng)
    : atrophy_(options.atrophy),
      deformation_mm_(options.deformation_mm),
      fold_(rng.fork("fold")),
      fold_fine_(rng.fork("fold fine")),
      patch_(rng.fork("patch")),
      layer_(rng.fork("layer")) {
  Rng draw = rng.fork("size and pose");
  const double overall = std::clamp(draw.normal(1, options.size_spread * 0.7), 0.85, 1.1);
  for (double& scale : inverse_scale_) scale = 1 / (overall * std::clamp(draw.normal(1, options.size_spread * 0.5), 0.9, 1.1));
  const double degree = std::numbers::pi / 180;
  const auto angle = [&] { return std::clamp(draw.normal(0, options.pose_degrees), -12.0, 12.0) * degree; };
  const double ax = angle(), ay = angle() * 0.6, az = angle();
  inverse_pose_ = transposed_rotation(ax, ay, az);
  for (double& shift : shift_mm_) shift = draw.uniform(-2, 2);
  csf_mm_ = 1.8 + 2.2 * atrophy_;
  skull_mm_ = draw.uniform(5.5, 7.5);
  scalp_mm_ = draw.uniform(4, 7);
  for (const char* axis : {"bend x", "bend y", "bend z"}) bend_.emplace_back(rng.fork(axis));
}

Vec3 Anatomy::to_standard(const Vec3& scanner_mm) const {
  const Vec3 centred{scanner_mm[0] - shift_mm_[0], scanner_mm[1] - shift_mm_[1], scanner_mm[2] - shift_mm_[2]};
  Vec3 p{};
  for (std::size_t row = 0; row < 3; ++row)
    for (std::size_t column = 0; column < 3; ++column) p[row] += inverse_pose_[row][column] * centred[column];
  for (std::size_t i = 0; i < 3; ++i) p[i] *= inverse_scale_[i];
  const Vec3 before = p;
  for (std::size_t i = 0; i < 3; ++i) p[i] += deformation_mm_ * bend_[i].at(before, 55);
  return p;
}

double Anatomy::ventricle_distance_mm(const Vec3& p) const {
  const Vec3 q{std::abs(p[0]), p[1], p[2]};
  constexpr Vec3 kFront{9, -30, 12}, kBody{8, 2, 19}, kAtrium{19, 29, 9}, kBack{21, 46, 4}, kTemporal{31, 4, -14};
  const double radius = 2.8 + 4.5 * atrophy_;
  const double lateral = std::min(distance_to_segment(q, kFront, kBody), distance_to_segment(q, kBody, kAtrium)) - radius;
  const double horns = std::min(distance_to_segment(q, kAtrium, kBack) - 0.6 * radius, distance_to_segment(q, kAtrium, kTemporal) - 0.45 * radius);
  const double third = -depth_in(q, {0, 6, 3}, {1.2 + 2.2 * atrophy_, 12, 8});
  const double fourth = -depth_in(q, {0, 30, -26}, {4 + 2 * atrophy_, 5, 8});
  return std::min({lateral, horns, third, fourth}) + 0.8 * layer_.at(p, 9);
}

Anatomy::Place Anatomy::intracranial(const Vec3& p, double depth_mm, double cerebellum_mm, double stem_mm) const {
  Place place{Tissue::kWhiteMatter, depth_mm, p[0], false};
  const double aside = std::abs(p[0]);
  const double ventricle = ventricle_distance_mm(p);
  const bool in_plexus = ventricle < -0.4 && std::hypot(aside - 18, p[1] - 28, p[2] - 9) < 4.2;
  if (ventricle < 0) {
    place.tissue = in_plexus ? Tissue::kVessel : Tissue::kVentricle;
    return place;
  }
  const double cerebrum = std::max(depth_in(p, kCerebrumCentre, kCerebrumAxes), depth_in({aside, p[1], p[2]}, kTemporalCentre, kTemporalAxes));
  if (cerebellum_mm > 0 && p[2] < -10 + 0.12 * (p[1] - 42)) {
    // Folia: thin leaves, nearly horizontal.
    const double leaf = std::sin(p[2] * 1.1 + 1.5 * fold_fine_.at(p, 18));
    const bool core = cerebellum_mm > 12 && leaf < 0.6;
    const bool gap = cerebellum_mm < 9 && leaf > 0.93 - 0.25 * atrophy_;
    place.tissue = gap ? Tissue::kCsf : core ? Tissue::kWhiteMatter : Tissue::kGreyMatter;
    return place;
  }
  if (stem_mm > 0 && p[2] < -6) return place;
  if (p[1] > 10 && p[2] < -9 + 0.12 * (p[1] - 42) && cerebrum < 8) {
    place.tissue = Tissue::kCsf;  // cisterns between hemispheres and cerebellum
    return place;
  }
  // The arch of the corpus callosum: below and inside of it, the halves are joined.
  const double arch = std::hypot((p[1] - 4) / 38, (p[2] - 2) / 27);
  place.has_falx = arch > 1.12 || p[2] < -8;
  double surface = depth_mm;
  if (place.has_falx) surface = std::min(surface, aside - (0.8 + 1.0 * atrophy_));
  if (surface <= 0) {
    place.tissue = Tissue::kCsf;
    return place;
  }
  // Sulci are sheets that run inwards: the noise that makes them changes along the surface, and little with depth.
  const Vec3 from{p[0], p[1], p[2] - 8};
  const double radius = std::max(1.0, std::hypot(from[0], from[1], from[2]));
  const double shell = (52 + 0.35 * radius) / radius;
  const Vec3 q{from[0] * shell + (p[0] < 0 ? 300 : 0), from[1] * shell, from[2] * shell};
  const double main_fold = std::abs(fold_.at(q, 21)) * 21 / 1.7;
  const double side_fold = std::abs(fold_fine_.at(q, 14)) * 14 / 1.7 + 1.0 + 0.12 * surface;
  const double sheet = std::min(main_fold, side_fold);
  const double deep = 19 + 5 * patch_.at(q, 30);
  const double opening = (0.55 + 1.7 * atrophy_) * (1 - surface / deep);
  if (surface < deep && sheet < opening) {
    place.tissue = Tissue::kCsf;
    return place;
  }
  const double ribbon = 2.6 + 0.5 * patch_.at(p, 25);
  if (surface < ribbon || (surface < deep + ribbon && sheet < std::max(0.0, opening) + ribbon)) {
    place.tissue = Tissue::kGreyMatter;
    return place;
  }
  const double caudate = depth_in({aside, p[1], p[2]}, {15 + 3 * atrophy_, -18, 12}, {5, 13, 8});
  const double putamen = depth_in({aside, p[1], p[2]}, {27, -4, 3}, {5.5, 16, 9});
  const double thalamus = depth_in({aside, p[1], p[2]}, {11 + 2 * atrophy_, 12, 4}, {8, 13, 8});
  if (std::max({caudate, putamen, thalamus}) + 0.8 * layer_.at(p, 8) > 0) {
    place.tissue = Tissue::kGreyMatter;
    return place;
  }
  // Age-related change: caps around the ventricles, and scattered spots in deep white matter.
  const bool cap = ventricle < 6 * atrophy_ * (0.5 + patch_.at(p, 16)) - 1;
  const bool spot = surface > 14 && patch_.at(p, 11) > 0.85 - 0.45 * atrophy_;
  if (cap || spot) place.tissue = Tissue::kHyperintensity;
  return place;
}

Tissue Anatomy::outside_brain(const Vec3& p, double depth_mm, double outer_mm) const {
  const double from_brain = -depth_mm;
  const double csf = csf_mm_ + 0.8 * layer_.at(p, 25);
  if (from_brain < csf) {
    if (std::abs(p[0]) < 3.2 && (p[2] > 30 || p[1] > 60)) return Tissue::kVessel;  // superior sagittal sinus
    const bool vein = std::abs(fold_.at(p, 17)) < 0.07 && std::abs(patch_.at(p, 17)) < 0.1;
    return vein ? Tissue::kVessel : Tissue::kCsf;
  }
  const Vec3 mirrored{std::abs(p[0]), p[1], p[2]};
  const double eye = depth_in(mirrored, {31, -72, -32}, {12, 12, 12});
  if (eye > 0) return Tissue::kEye;
  if (eye > -6 && p[1] < -48 && from_brain > csf + 2) return Tissue::kScalpFat;
  const double skull = skull_mm_ * (1 + 0.25 * layer_.at(p, 45));
  const double into_bone = (from_brain - csf) / skull;
  if (into_bone < 1) {
    const bool diploe = into_bone > 0.3 && into_bone < 0.7 && layer_.at(p, 12) > -0.35 && p[2] > -30;
    return diploe ? Tissue::kMarrow : Tissue::kSkull;
  }
  if (depth_in(mirrored, {9, -72, -58}, {9, 24, 22}) > 0 || depth_in(mirrored, {28, -62, -60}, {11, 15, 12}) > 0)
    return Tissue::kAir;  // nose and maxillary sinuses
  if (outer_mm < scalp_mm_ * (1 + 0.3 * layer_.at(p, 40))) return Tissue::kScalpFat;
  return layer_.at(p, 14) > 0.3 ? Tissue::kScalpFat : Tissue::kMuscle;
}

Anatomy::Place Anatomy::at(const Vec3& p) const {
  Place air;
  const double cerebrum_upper = depth_in(p, kCerebrumCentre, kCerebrumAxes);
  // Everything a scalp's thickness above the brain, joined with the face and the neck.
  const double face = depth_in(p, {0, -6, -38}, {66, 84, 96});
  const double outer_reach = csf_mm_ + skull_mm_ + scalp_mm_;
  const double outer = std::max(cerebrum_upper + outer_reach, p[2] < 0 ? face : -1e3);
  if (outer < 0) return air;
  const Vec3 mirrored{std::abs(p[0]), p[1], p[2]};
  double cerebrum = cerebrum_upper;
  const double floor_mm = p[1] < -20 ? kFrontalFloorMm : -30.0;
  cerebrum = std::min(cerebrum, p[2] - floor_mm);
  const double temporal = depth_in(mirrored, kTemporalCentre, kTemporalAxes);
  const double cerebellum = depth_in(p, kCerebellumCentre, kCerebellumAxes);
  const double stem = depth_in(p, kStemCentre, kStemAxes);
  const double depth = std::max({cerebrum, temporal, cerebellum, stem * 0.8});
  if (depth > 0) return intracranial(p, depth, cerebellum, stem);
  return {outside_brain(p, depth, outer), depth, p[0], false};
}

}  // namespace consilium::imaging
