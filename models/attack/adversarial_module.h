#pragma once

// Only for .cpp files of this folder and models/: it pulls in all of LibTorch.
#include <vector>

#include "models/attack/adversarial.h"
#include "models/precision.h"
#include "models/supervision.h"
#include "models/training_batch_module.h"
#include "models/network_module.h"

namespace consilium::models {

/// The batch's images, changed so that the loss grows. The network stays as it is, gradients of its weights too.
at::Tensor adversarial_image(NetworkImpl& module, const TrainingBatch& batch, const SupervisionOptions& supervision, Precision precision, const AdversarialOptions& options, Rng& rng);

/// d loss / d image.
at::Tensor image_gradient(NetworkImpl& module, const TrainingBatch& batch, const at::Tensor& image, const SupervisionOptions& supervision, Precision precision);

}  // namespace consilium::models
