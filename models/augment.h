#pragma once

#include <ATen/core/Tensor.h>

#include "base/rng.h"
#include "base/settings.h"

namespace consilium::models {

/// Random changes of a training patch. Each kind is drawn on its own; chances and ranges are nnU-Net's unless said otherwise.
struct AugmentOptions {
  bool flip = true;               ///< mirror along each axis with chance 1/2
  double rotate_chance = 0.2;
  double rotate_degrees = 30;     ///< about each axis, uniform within plus or minus this
  double zoom = 0.3;              ///< with the rotation: factor in [1 - zoom, 1 + zoom], half of the times
  double intensity_chance = 0.3;  ///< of each of: contrast, brightness and gamma, per channel
  double contrast = 0.25;         ///< factor about the channel's mean in [1 - contrast, 1 + contrast]
  double brightness = 0.2;        ///< added to a z-scored channel, uniform within plus or minus this
  double gamma = 0.3;             ///< exponent in [1 - gamma, 1 + gamma] over the channel's range
  double noise_chance = 0.1;
  double noise = 0.1;             ///< largest standard deviation of added Gaussian noise
};

/// JSON keys are the field names. @throws Error{kUsage}
void read_augment_options(SettingsReader& reader, AugmentOptions& options);
Json to_json(const AugmentOptions& options);

/// @throws Error{kUsage} a chance outside [0, 1] or a range outside [0, 1) (degrees: [0, 180]).
void validate(const AugmentOptions& options);

/// Changes a patch in place. Shapes: image [C, D, H, W] float32, labels [D, H, W] int64. Rotations fill with 0 and background.
/// Source: Isensee et al. 2021, doi:10.1038/s41592-020-01008-z, supplementary note 4.
void augment(at::Tensor& image, at::Tensor& labels, const AugmentOptions& options, Rng& rng);

}  // namespace consilium::models
