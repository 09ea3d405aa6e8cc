#pragma once

// Only for .cpp files of this folder and models/: it pulls in all of LibTorch.
#include <vector>

#include "models/attack/adversarial.h"
#include "models/precision.h"
#include "models/supervision.h"
#include "models/unet3d_module.h"

namespace consilium::models {

/// A batch and its references.
struct AdversarialBatch {
  at::Tensor image;   ///< [N, C, D, H, W]
  at::Tensor labels;  ///< [N, D, H, W] int64
  std::vector<LabelSets> sets;
};

/// The batch's images, changed so that the loss grows. The network stays as it is, gradients of its weights too.
at::Tensor adversarial_image(UNet3d& module, const AdversarialBatch& batch, const SupervisionOptions& supervision, Precision precision, const AdversarialOptions& options, Rng& rng);

/// d loss / d image.
at::Tensor image_gradient(UNet3d& module, const AdversarialBatch& batch, const at::Tensor& image, const SupervisionOptions& supervision, Precision precision);

}  // namespace consilium::models
