#pragma once

#include <vector>

#include "models/blocks_module.h"

namespace consilium::models {

/// The encoder of one modality, down to the deepest level, with normalisations of its own.
struct ModalityEncoderImpl : torch::nn::Module {
  ModalityEncoderImpl(int channels, const std::vector<int>& filters);
  /// [n, channels, D, H, W] -> features per level, [n, filters[l], D / 2^l, ...].
  std::vector<at::Tensor> forward(const at::Tensor& x);
  torch::nn::ModuleList levels;
};
struct ModalityEncoder : torch::nn::ModuleHolder<ModalityEncoderImpl> {
  using ModuleHolder::ModuleHolder;
};

/// Features of the samples that have a modality.
struct ModalityFeatures {
  std::vector<std::int64_t> samples;  ///< their numbers in the batch; empty: no sample has it, and there are no features
  std::vector<at::Tensor> levels;
};

}  // namespace consilium::models
