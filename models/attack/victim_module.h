#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <functional>

#include "models/attack/victim.h"
#include "models/segmenter.h"

namespace consilium::models {

struct Victim::Net {
  VictimOptions options;
  std::vector<std::pair<std::string, at::Tensor>> weights;
  std::optional<Segmenter> unet;
  std::function<at::Tensor(const at::Tensor& image)> forward;
  std::function<at::Tensor(const at::Tensor& output, const at::Tensor& target)> loss;

  std::vector<at::Tensor> tensors() const;
  /// What the loss wants of patches: one class each, or a class per voxel.
  at::Tensor target(std::span<const VictimPatch> patches) const;
};

}  // namespace consilium::models
