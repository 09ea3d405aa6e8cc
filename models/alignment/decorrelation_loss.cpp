#include "models/alignment/decorrelation_loss.h"

#include <torch/torch.h>

#include "base/error.h"

namespace consilium::models {
namespace {

/// [N, C, ...] -> [C, N * voxels], each channel with mean 0 and length 1.
at::Tensor standardised(const at::Tensor& features) {
  const at::Tensor flat = features.flatten(2).transpose(0, 1).flatten(1);
  const at::Tensor centred = flat - flat.mean(1, /*keepdim=*/true);
  return centred / (centred.square().sum(1, /*keepdim=*/true) + 1e-12).sqrt();
}

}  // namespace

at::Tensor decorrelation_loss(const at::Tensor& shared, const at::Tensor& own) {
  require(shared.size(0) == own.size(0) && shared.sizes().slice(2) == own.sizes().slice(2), ErrorCode::kMismatch, "shared and private channels are of different voxels");
  return torch::matmul(standardised(shared), standardised(own).t()).square().sum();
}

}  // namespace consilium::models
