#include "models/fusion_module.h"

namespace consilium::models {
namespace {

constexpr int kHidden = 32;

/// [n, C, D, H, W] and maps [n, R, D, H, W] -> [n, R, C]: sums of the features over each region.
at::Tensor pooled(const at::Tensor& feature, const at::Tensor& maps) { return torch::bmm(maps.flatten(2), feature.flatten(2).transpose(1, 2)); }

}  // namespace

RegionFusionImpl::RegionFusionImpl(int in, int out, int regions) : FusionImpl(in, out) {
  region = register_module("region", WrappedConv(in, regions, 1, 1, true));
  score1 = register_module("score1", torch::nn::Linear(in + 1, kHidden));
  score2 = register_module("score2", torch::nn::Linear(kHidden, 1));
}

at::Tensor RegionFusionImpl::regions(const std::vector<at::Tensor>& features) {
  at::Tensor mean = features[0];
  for (std::size_t m = 1; m < features.size(); ++m) mean = mean + features[m];
  return region(mean / static_cast<double>(features.size()));
}

std::vector<at::Tensor> RegionFusionImpl::shares(const std::vector<at::Tensor>& features, const at::Tensor& maps) {
  const at::Tensor size = maps.flatten(2).sum(2, /*keepdim=*/true);
  const at::Tensor share = size / static_cast<double>(maps.size(2) * maps.size(3) * maps.size(4));
  std::vector<at::Tensor> gates;
  for (const at::Tensor& feature : features) {
    const at::Tensor described = torch::cat({pooled(feature, maps) / (size + 1e-6), share}, 2);
    gates.push_back(torch::sigmoid(score2(torch::leaky_relu(score1(described), 0.01))).squeeze(2));
  }
  const at::Tensor total = torch::stack(gates).sum(0) + 1e-12;
  for (at::Tensor& gate : gates) gate = gate / total;
  return gates;
}

FusedStatistics RegionFusionImpl::statistics(const std::vector<at::Tensor>& features) {
  if (features.size() == 1) return {features[0], {}};
  const at::Tensor maps = torch::softmax(regions(features), 1);
  const std::vector<at::Tensor> share = shares(features, maps);
  at::Tensor mean, squares;
  for (std::size_t m = 0; m < features.size(); ++m) {
    const at::Tensor weight = torch::bmm(share[m].unsqueeze(1), maps.flatten(2)).view({maps.size(0), 1, maps.size(2), maps.size(3), maps.size(4)});
    mean = m == 0 ? weight * features[m] : mean + weight * features[m];
  }
  for (std::size_t m = 0; m < features.size(); ++m) squares = m == 0 ? (features[m] - mean).square() : squares + (features[m] - mean).square();
  return {mean, squares / static_cast<double>(features.size())};
}

at::Tensor RegionFusionImpl::gates(const std::vector<at::Tensor>& features) {
  const at::Tensor maps = torch::softmax(regions(features), 1);
  const at::Tensor size = maps.mean({2, 3, 4});
  std::vector<at::Tensor> weights;
  for (const at::Tensor& share : shares(features, maps)) weights.push_back((share * size).sum(1));
  return torch::stack(weights, 1);
}

}  // namespace consilium::models
