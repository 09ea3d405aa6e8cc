#pragma once

#include <string>
#include <vector>

#include "pipelines/case.h"

namespace consilium::pipelines {

/// What is done with images of several frames of reference.
enum class Registration {
  kRefuse,  ///< registered; a case whose registration is in doubt is refused
  kWarn,    ///< registered; what is in doubt is said in the case's evidence
  kOff,     ///< taken as they lie
};

/// When a registration is in doubt.
struct AlignOptions {
  Registration registration = Registration::kRefuse;
  double least_overlap = 0.3;      ///< of the smaller image's volume
  double least_sharpness = 1.1;    ///< 1: no place tells more than those 15 mm away
  double most_turn_degrees = 45;   ///< nobody lies so differently in two scanners
};

/// Brings the images into the frame of reference of `reference`: what is of another frame is registered with it by mutual information
/// (imaging/ops/register_rigid.h) and placed anew; no voxel is interpolated. Channels of one frame move together, and labels with them.
/// Images without a frame (files that do not say) are taken as they lie.
/// @throws Error{kMismatch} naming the case, the channel and the figure, where the registration is in doubt; Error{kNotFound} no such reference.
Case align(Case raw, const std::string& reference, const AlignOptions& options = {});

/// One sentence: what was done, and its figures.
std::string describe(const Alignment& alignment);

}  // namespace consilium::pipelines
