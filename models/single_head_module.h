#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/blocks_module.h"

namespace consilium::models {

/// A light segmentation from one modality alone, shared by all: a 1x1 convolution per level, summed from the deepest up with doublings of the grid. It makes every
/// encoder worth something by itself. Source: of the idea RFNet (Ding et al. 2021, ICCV), of the sum over levels Long et al. 2015 (arXiv:1411.4038).
struct SingleHeadImpl : torch::nn::Module {
  SingleHeadImpl(const std::vector<int>& filters, int classes);
  /// Features per level -> logits [n, K, D, H, W].
  at::Tensor forward(const std::vector<at::Tensor>& features);
  torch::nn::ModuleList levels;
};
struct SingleHead : torch::nn::ModuleHolder<SingleHeadImpl> {
  using ModuleHolder::ModuleHolder;
};

}  // namespace consilium::models
