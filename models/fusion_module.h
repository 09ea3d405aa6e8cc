#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "models/multimodal_options.h"
#include "models/blocks_module.h"

namespace consilium::models {

/// What a fusion makes of M modalities' features [n, C, D, H, W]: undefined variance means 0.
struct FusedStatistics {
  at::Tensor mean, variance;
};

/// Fusion of one level: z = Conv1x1([mean, variance]) over the modalities that the samples at hand have, however many they are. A modality that is
/// missing has no part in any number: the functions below never see it. The convolution is two tensors, of the mean and of the variance, as samples of one modality teach only the first.
struct FusionImpl : torch::nn::Module {
  FusionImpl(int in, int out);
  virtual FusedStatistics statistics(const std::vector<at::Tensor>& features) = 0;
  /// Mean weight of each modality, [n, M].
  virtual at::Tensor gates(const std::vector<at::Tensor>& features) = 0;
  /// Logits of the regions by which it weighs, [n, K, D, H, W]; undefined: it knows none.
  virtual at::Tensor regions(const std::vector<at::Tensor>& features);

  at::Tensor forward(const std::vector<at::Tensor>& features);
  WrappedConv mix{nullptr}, spread{nullptr};
};

/// (f_1 + ... + f_M) / M and the sample variance, which is 0 for one modality.
/// Source: HeMIS, Havaei et al. 2016 (arXiv:1607.05194), section 2.1.
struct HemisFusionImpl final : FusionImpl {
  using FusionImpl::FusionImpl;
  FusedStatistics statistics(const std::vector<at::Tensor>& features) override;
  at::Tensor gates(const std::vector<at::Tensor>& features) override;
};

/// mean = sum_m a_m f_m with a = softmax over m of Conv1x1(f_m), per voxel; variance = (1 / M) sum_m (f_m - mean)^2. The convolution is one for all
/// modalities.
struct GatedFusionImpl final : FusionImpl {
  GatedFusionImpl(int in, int out);
  FusedStatistics statistics(const std::vector<at::Tensor>& features) override;
  at::Tensor gates(const std::vector<at::Tensor>& features) override;
  WrappedConv gate{nullptr};

 private:
  std::vector<at::Tensor> weights(const std::vector<at::Tensor>& features);
};

/// A gate per region: p_r = softmax over regions of Conv1x1(mean_m f_m) tells where region r lies, d_{r,m} = sum_v p_r f_m / sum_v p_r describes it as
/// modality m sees it, a score of d_{r,m} and of the region's size gives g_{r,m} (sigmoid); a_{r,m} = g_{r,m} / sum_m g_{r,m}; mean = sum_r p_r sum_m
/// a_{r,m} f_m, variance as with the gate per voxel. The region logits are supervised in training.
/// Source: after RFNet, Ding et al. 2021 (ICCV), section 3.2; there gates are not divided by their sum and see all modalities at
/// once, with zeros for those that are missing.
struct RegionFusionImpl final : FusionImpl {
  RegionFusionImpl(int in, int out, int regions);
  FusedStatistics statistics(const std::vector<at::Tensor>& features) override;
  at::Tensor gates(const std::vector<at::Tensor>& features) override;
  at::Tensor regions(const std::vector<at::Tensor>& features) override;
  WrappedConv region{nullptr};
  torch::nn::Linear score1{nullptr}, score2{nullptr};

 private:
  /// Per modality, [n, R].
  std::vector<at::Tensor> shares(const std::vector<at::Tensor>& features, const at::Tensor& maps);
};

/// Each modality's features are the means of normal distributions, whose log variances a 1x1 convolution (one for all) says: their product with the standard
/// normal. A modality that is unsure of a voxel counts little there. Unlike U-HVED nothing is sampled and no image is rebuilt. Source: models/experts.h.
struct ExpertsFusionImpl final : FusionImpl {
  ExpertsFusionImpl(int in, int out);
  FusedStatistics statistics(const std::vector<at::Tensor>& features) override;
  at::Tensor gates(const std::vector<at::Tensor>& features) override;
  WrappedConv log_variance{nullptr};

 private:
  at::Tensor variance(const at::Tensor& feature);
};

std::shared_ptr<FusionImpl> make_fusion(Fusion kind, int in, int out, int regions);

}  // namespace consilium::models
