#pragma once

#include <vector>

#include "imaging/phantom/head.h"
#include "imaging/phantom/noise.h"

namespace consilium::imaging {

/// A healthy head as a function of space: the standing anatomy of one patient before a tumour. Positions in LPS mm; the head's
/// middle is the origin.
class Anatomy {
 public:
  Anatomy(const HeadOptions& options, const Rng& rng);

  struct Place {
    Tissue tissue = Tissue::kAir;
    double brain_depth_mm = -1e3;  ///< inside of the brain's envelope > 0
    double lateral_mm = 0;         ///< distance from the midline, signed: left of the patient > 0
    bool has_falx = false;         ///< the two halves are separated here
  };
  /// What is at a position of the undeformed head.
  Place at(const Vec3& position_mm) const;
  /// From the scanner to the undeformed head: pose, size and smooth deformation of this patient undone.
  Vec3 to_standard(const Vec3& scanner_mm) const;

 private:
  Place intracranial(const Vec3& p, double depth_mm, double cerebellum_mm, double stem_mm) const;
  Tissue outside_brain(const Vec3& p, double depth_mm, double outer_mm) const;
  double ventricle_distance_mm(const Vec3& p) const;

  double atrophy_;
  double deformation_mm_;
  Vec3 inverse_scale_;
  Matrix3 inverse_pose_;
  Vec3 shift_mm_;
  double csf_mm_, skull_mm_, scalp_mm_;
  std::vector<SmoothNoise> bend_;
  SmoothNoise fold_, fold_fine_, patch_, layer_;
};

}  // namespace consilium::imaging
