#include "base/error.h"
#include "models/experts.h"
#include "models/fusion_module.h"

namespace consilium::models {

Gaussian product_of_experts(const std::vector<Gaussian>& experts) {
  require(!experts.empty(), ErrorCode::kUsage, "there is no expert");
  at::Tensor precision = torch::ones_like(experts[0].mean), sum = torch::zeros_like(experts[0].mean);
  for (const Gaussian& expert : experts) {
    const at::Tensor own = expert.variance.reciprocal();
    precision = precision + own;
    sum = sum + expert.mean * own;
  }
  return {sum / precision, precision.reciprocal()};
}

ExpertsFusionImpl::ExpertsFusionImpl(int in, int out) : FusionImpl(in, out) { log_variance = register_module("log_variance", WrappedConv(in, in, 1, 1, true)); }

at::Tensor ExpertsFusionImpl::variance(const at::Tensor& feature) {
  // Beyond e^10 a variance says no more, and float32 is not far from its end.
  return log_variance(feature).clamp(-10, 10).exp();
}

FusedStatistics ExpertsFusionImpl::statistics(const std::vector<at::Tensor>& features) {
  std::vector<Gaussian> experts;
  for (const at::Tensor& feature : features) experts.push_back({feature, variance(feature)});
  const Gaussian product = product_of_experts(experts);
  return {product.mean, product.variance};
}

at::Tensor ExpertsFusionImpl::gates(const std::vector<at::Tensor>& features) {
  std::vector<at::Tensor> precisions;
  for (const at::Tensor& feature : features) precisions.push_back(variance(feature).reciprocal());
  const at::Tensor all = torch::stack(precisions, 1);
  return (all / all.sum(1, /*keepdim=*/true)).mean({2, 3, 4, 5});
}

}  // namespace consilium::models
