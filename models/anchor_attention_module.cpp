#include "models/anchor_attention_module.h"

#include <cmath>

namespace consilium::models {

AnchorAttentionImpl::AnchorAttentionImpl(int channels) {
  query = register_module("query", torch::nn::Linear(channels, channels));
  key = register_module("key", torch::nn::Linear(channels, channels));
  value = register_module("value", torch::nn::Linear(channels, channels));
  out = register_module("out", torch::nn::Linear(channels, channels));
}

at::Tensor AnchorAttentionImpl::forward(const at::Tensor& features, const at::Tensor& anchors) {
  if (anchors.size(0) == 0) return features;
  const at::Tensor voxels = features.flatten(2).transpose(1, 2);
  const at::Tensor directions = torch::nn::functional::normalize(anchors) * std::sqrt(static_cast<double>(anchors.size(1)));
  const at::Tensor scores = torch::matmul(query(voxels), key(directions).t()) / std::sqrt(static_cast<double>(features.size(1)));
  const at::Tensor seen = out(torch::matmul(torch::softmax(scores, 2), value(directions)));
  return features + seen.transpose(1, 2).reshape(features.sizes());
}

}  // namespace consilium::models
