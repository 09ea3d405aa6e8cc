#pragma once

#include <torch/torch.h>

namespace consilium::models {

/// Cross-attention of voxels to class anchors, added to the features: f + W_o softmax(Q K^T / sqrt(d)) V with Q of the voxel's features, K and V of the anchors,
/// each brought to the length sqrt(C): anchors are means of what comes out behind, so that lengths that came in would grow from round to round without end.
/// W_o begins with zeros, so that an untrained one changes nothing. Source: Dai et al. 2024, FedMEMA (arXiv:2403.11803), after Vaswani et al. 2017 (arXiv:1706.03762).
struct AnchorAttentionImpl : torch::nn::Module {
  explicit AnchorAttentionImpl(int channels);
  /// features [n, C, D, H, W], anchors [K, C]: those that exist. Without any the features stay as they are.
  at::Tensor forward(const at::Tensor& features, const at::Tensor& anchors);
  torch::nn::Linear query{nullptr}, key{nullptr}, value{nullptr}, out{nullptr};
};
struct AnchorAttention : torch::nn::ModuleHolder<AnchorAttentionImpl> {
  using ModuleHolder::ModuleHolder;
};

}  // namespace consilium::models
