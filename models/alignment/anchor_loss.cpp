#include "models/alignment/anchor_loss.h"

#include <torch/torch.h>

#include "base/error.h"

namespace consilium::models {

at::Tensor anchor_loss(const at::Tensor& means, const at::Tensor& anchors) {
  require(means.dim() == 2 && means.sizes() == anchors.sizes(), ErrorCode::kMismatch, "class means and anchors are not of the same shape");
  using torch::nn::functional::normalize;
  return (normalize(means) - normalize(anchors.detach())).square().sum();
}

}  // namespace consilium::models
