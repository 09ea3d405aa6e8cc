#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "imaging/label_map.h"

namespace consilium::imaging {

/// What a voxel of the phantom is made of. The numbers are those in `Head::tissues`.
enum class Tissue : Label {
  kAir = 0,
  kScalpFat,
  kMuscle,
  kSkull,
  kMarrow,         ///< fat-bearing diploe between the two tables of the skull
  kCsf,            ///< subarachnoid
  kGreyMatter,
  kWhiteMatter,
  kVentricle,      ///< ventricular CSF
  kVessel,         ///< dural sinuses and choroid plexus: they enhance without being tumour
  kHyperintensity, ///< age-related white matter change: bright on FLAIR without being tumour
  kEye,
  kNecrotic,
  kNonEnhancing,   ///< solid tumour with an intact blood-brain barrier
  kOedema,
  kEnhancing,
};
inline constexpr int kTissueCount = 16;
std::string_view to_string(Tissue tissue);

/// Brain and what lies in it (no skull, scalp, eye or outer CSF).
bool is_brain(Tissue tissue);

/// Levels of `Head::condition`.
inline constexpr int kConditionLevels = 16;

struct TumourOptions {
  bool present = true;
  bool low_grade = false;          ///< no enhancing part: a solid, non-enhancing core; rim_mm is ignored
  double radius_mm = 18;           ///< of the core, > 0; necrotic, enhancing and non-enhancing parts together
  double rim_mm = 5;               ///< mean thickness of the enhancing rim; it varies around the core by about a half
  double oedema_reach_mm = 14;     ///< mean distance the oedema extends into white matter beyond the core
  double irregularity = 0.3;       ///< relative displacement of the core's surface, [0, 0.6]
};

struct HeadOptions {
  double spacing_mm = 1.3;         ///< isotropic, of the grid the anatomy is drawn on; about half the voxel to acquire
  double deformation_mm = 5;       ///< largest smooth displacement between two patients' heads, 0..10
  double size_spread = 0.06;       ///< relative standard deviation of the head's diameters, 0..0.15
  double atrophy = 0.3;            ///< 0 young, 1 old: wider sulci and ventricles, more white matter change
  double pose_degrees = 4;         ///< standard deviation of the head's rotation in the scanner
  TumourOptions tumour;
};

/// A digital head on an isotropic LPS grid. Voxel values of `tissues` are Tissue; `truth` uses 1 necrotic or non-enhancing core,
/// 2 oedema, 3 enhancing tumour (the numbers of BraTS 2023). `condition` (0..kConditionLevels-1, one per voxel) is how far a voxel
/// departs from its tissue's mean: water content for oedema, uptake of contrast agent for enhancing tumour, slight variation else.
struct Head {
  LabelMap tissues;
  LabelMap truth;
  std::vector<std::uint8_t> condition;
};

/// Draws a head. Same options and same generator state, same bytes. `rng` is forked, and advanced by one number.
/// @throws Error{kUsage} an option outside its range; Error{kUnexpected} no place for a tumour of that size was found.
Head make_head(const HeadOptions& options, Rng& rng);

}  // namespace consilium::imaging
