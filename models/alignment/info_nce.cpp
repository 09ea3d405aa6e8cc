#include "models/alignment/info_nce.h"

#include <torch/torch.h>

#include <limits>

#include "base/error.h"

namespace consilium::models {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// Of finding the sample's study among what is remembered.
at::Tensor from_memory(const at::Tensor& here, double temperature, const Remembered& memory) {
  const at::Tensor known = memory.same.any(1);
  if (!known.any().item<bool>()) return torch::zeros({}, here.options());
  const at::Tensor rows = known.nonzero().squeeze(1);
  const at::Tensor logits = (torch::matmul(here, memory.vectors.to(here.scalar_type()).t()) / temperature).index_select(0, rows);
  const at::Tensor own = logits.masked_fill(~memory.same.index_select(0, rows), kNever);
  return (torch::logsumexp(logits, 1) - torch::logsumexp(own, 1)).sum() / static_cast<double>(here.size(0));
}

/// Of finding row i of `there` from row i of `here`.
at::Tensor one_way(const at::Tensor& here, const at::Tensor& there, double temperature, const Remembered& memory, const at::Tensor& same) {
  at::Tensor logits = torch::matmul(here, there.t()) / temperature;
  if (same.defined()) logits = logits.masked_fill(same & ~torch::eye(here.size(0), torch::kBool), kNever);
  const at::Tensor loss = torch::nn::functional::cross_entropy(logits, torch::arange(here.size(0), torch::kLong));
  return memory.vectors.defined() ? loss + from_memory(here, temperature, memory) : loss;
}

}  // namespace

at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, double temperature, const Remembered& of_a, const Remembered& of_b, const at::Tensor& same) {
  require(a.dim() == 2 && a.sizes() == b.sizes() && a.size(0) > 0, ErrorCode::kMismatch, "a contrastive loss takes two lists of as many vectors");
  return (one_way(a, b, temperature, of_b, same) + one_way(b, a, temperature, of_a, same)) / 2;
}

}  // namespace consilium::models
