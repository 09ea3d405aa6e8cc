#include "models/alignment/info_nce.h"

#include <torch/torch.h>

#include <limits>

#include "base/error.h"

namespace consilium::models {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// Of finding row i of `there` from row i of `here`.
at::Tensor one_way(const at::Tensor& here, const at::Tensor& there, double temperature, const at::Tensor& same) {
  at::Tensor logits = torch::matmul(here, there.t()) / temperature;
  if (same.defined()) logits = logits.masked_fill(same & ~torch::eye(here.size(0), same.options()), kNever);
  return torch::nn::functional::cross_entropy(logits, torch::arange(here.size(0), torch::TensorOptions(here.device()).dtype(torch::kLong)));
}

}  // namespace

at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, double temperature, const at::Tensor& same) {
  require(a.dim() == 2 && a.sizes() == b.sizes() && a.size(0) > 0, ErrorCode::kMismatch, "a contrastive loss takes two lists of as many vectors");
  return (one_way(a, b, temperature, same) + one_way(b, a, temperature, same)) / 2;
}

}  // namespace consilium::models
