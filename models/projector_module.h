#pragma once

#include <torch/torch.h>

namespace consilium::models {

inline constexpr int kProjected = 64;

/// A modality's deepest features at a place as a unit vector: Linear, ReLU, Linear, length 1.
/// Source: SimCLR's projection head, Chen et al. 2020 (arXiv:2002.05709), section 2.1.
struct ProjectorImpl : torch::nn::Module {
  explicit ProjectorImpl(int channels);
  /// [n, channels] -> [n, kProjected].
  at::Tensor forward(const at::Tensor& features);
  torch::nn::Linear first{nullptr}, second{nullptr};
};
struct Projector : torch::nn::ModuleHolder<ProjectorImpl> {
  using ModuleHolder::ModuleHolder;
};

}  // namespace consilium::models
