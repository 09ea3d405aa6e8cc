#pragma once

#include <limits>

#include "imaging/volume.h"

namespace consilium::imaging {

/// The face lies before this plane of the patient (LPS mm), where normal . position > offset_mm, and before y = back_mm: the plane goes
/// on through the neck, where the spine lies.
struct FacePlane {
  Vec3 normal{0, -1, 0};
  double offset_mm = 0;
  double back_mm = std::numeric_limits<double>::infinity();

  bool operator==(const FacePlane&) const = default;
};
bool is_face(const FacePlane& plane, const Vec3& position_mm);

struct FindFaceOptions {
  bool is_hu = false;    ///< values are Hounsfield units; else MR signal, air dark
  double margin_mm = 8;  ///< from the estimated brain to the plane, at least 0
};

struct FoundFace {
  FacePlane plane;
  double brain_ml = 0;  ///< of the estimate
  double face_ml = 0;   ///< of the head, before the plane
};

/// The plane below and before the brain, behind the face, of an MR or CT image of a head that is not tilted by more than some 30
/// degrees. On a grid of 4 mm: the head is the largest part above a threshold, filled; the brain is estimated as what has the
/// values of the head's middle and hangs together after an opening by 12 mm, and all that lies 8 mm below the skin within 80 mm of
/// the crown, so that a tumour of other values there is kept too. Of the planes whose normals point to front and feet by 30 to 65
/// degrees and that touch the brain's convex hull, `margin_mm` before it, the one is taken before which
/// most of the head's front 45 mm lies; it ends 10 mm before the head's middle, so that stem and spine stay.
/// @throws Error{kUnsupported} no head, no brain of plausible size, or no face in the image, saying which.
/// Source: the plane of Schimke and Hale 2011, "Quickshear defacing for neuroimages" (USENIX HealthSec); the estimate of the brain
/// is our own, without template or network.
FoundFace find_face(const Volume& image, const FindFaceOptions& options = {});

/// Head against air. Hounsfield units: -300; MR: a quarter of the mean of what is brighter than the image's mean, which air is not.
double head_threshold(const Volume& image, bool is_hu);

/// `value` in place of every voxel of the face.
void remove_face(Volume& image, const FacePlane& plane, float value);

}  // namespace consilium::imaging
