#include "models/fusion_module.h"

namespace consilium::models {
namespace {

at::Tensor mean_of(const std::vector<at::Tensor>& features) {
  at::Tensor sum = features[0];
  for (std::size_t m = 1; m < features.size(); ++m) sum = sum + features[m];
  return sum / static_cast<double>(features.size());
}

/// sum_m (f_m - mean)^2 / divisor.
at::Tensor variance_about(const std::vector<at::Tensor>& features, const at::Tensor& mean, std::size_t divisor) {
  at::Tensor sum = (features[0] - mean).square();
  for (std::size_t m = 1; m < features.size(); ++m) sum = sum + (features[m] - mean).square();
  return sum / static_cast<double>(divisor);
}

}  // namespace

FusionImpl::FusionImpl(int in, int out) {
  mix = register_module("mix", WrappedConv(in, out, 1, 1, true));
  spread = register_module("spread", WrappedConv(in, out, 1, 1, false));
}

at::Tensor FusionImpl::regions(const std::vector<at::Tensor>&) { return {}; }

at::Tensor FusionImpl::forward(const std::vector<at::Tensor>& features) {
  const FusedStatistics s = statistics(features);
  const at::Tensor of_mean = mix(s.mean);
  return s.variance.defined() ? of_mean + spread(s.variance) : of_mean;
}

FusedStatistics HemisFusionImpl::statistics(const std::vector<at::Tensor>& features) {
  if (features.size() == 1) return {features[0], {}};
  const at::Tensor mean = mean_of(features);
  return {mean, variance_about(features, mean, features.size() - 1)};
}

at::Tensor HemisFusionImpl::gates(const std::vector<at::Tensor>& features) {
  const auto count = static_cast<std::int64_t>(features.size());
  return torch::full({features[0].size(0), count}, 1.0 / static_cast<double>(count), torch::TensorOptions(features[0].device()));
}

GatedFusionImpl::GatedFusionImpl(int in, int out) : FusionImpl(in, out) { gate = register_module("gate", WrappedConv(in, 1, 1, 1, true)); }

std::vector<at::Tensor> GatedFusionImpl::weights(const std::vector<at::Tensor>& features) {
  std::vector<at::Tensor> logits;
  for (const at::Tensor& feature : features) logits.push_back(gate(feature));
  return torch::softmax(torch::cat(logits, 1), 1).split(1, 1);
}

FusedStatistics GatedFusionImpl::statistics(const std::vector<at::Tensor>& features) {
  if (features.size() == 1) return {features[0], {}};
  const std::vector<at::Tensor> weight = weights(features);
  at::Tensor mean = weight[0] * features[0];
  for (std::size_t m = 1; m < features.size(); ++m) mean = mean + weight[m] * features[m];
  return {mean, variance_about(features, mean, features.size())};
}

at::Tensor GatedFusionImpl::gates(const std::vector<at::Tensor>& features) { return torch::cat(weights(features), 1).mean({2, 3, 4}); }

std::shared_ptr<FusionImpl> make_fusion(Fusion kind, int in, int out, int regions) {
  switch (kind) {
    case Fusion::kHemis: return std::make_shared<HemisFusionImpl>(in, out);
    case Fusion::kRegion: return std::make_shared<RegionFusionImpl>(in, out, regions);
    case Fusion::kExperts: return std::make_shared<ExpertsFusionImpl>(in, out);
    case Fusion::kGated: break;
  }
  return std::make_shared<GatedFusionImpl>(in, out);
}

}  // namespace consilium::models
