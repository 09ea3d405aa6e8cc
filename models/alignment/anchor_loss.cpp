#include "models/alignment/anchor_loss.h"

#include <torch/torch.h>

#include "base/error.h"

namespace consilium::models {
namespace {

at::Tensor unit(const at::Tensor& rows) { return rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12); }

}  // namespace

at::Tensor anchor_loss(const at::Tensor& means, const at::Tensor& anchors) {
  require(means.dim() == 2 && means.sizes() == anchors.sizes(), ErrorCode::kMismatch, "class means and anchors are not of the same shape");
  return (unit(means) - unit(anchors.detach())).square().sum();
}

}  // namespace consilium::models
