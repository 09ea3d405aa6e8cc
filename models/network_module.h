#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

#include <memory>
#include <vector>

#include "models/blocks_module.h"
#include "models/presence.h"
#include "models/unet3d.h"

namespace consilium::models {

/// A segmentation network, as training, prediction and attacks see it.
struct NetworkImpl : torch::nn::Module {
  /// @throws Error{kUsage} as validate(options).
  explicit NetworkImpl(const UNetOptions& options);
  /// [N, C, D, H, W] -> logits at full resolution, then those of the supervised levels, each half the size of the one before. A network without modalities
  /// takes every sample for complete.
  virtual std::vector<at::Tensor> forward(const at::Tensor& x, const Presence& presence = {}) = 0;
  /// Where its weights are: its inputs belong there too.
  c10::Device device() const { return output_block->conv->conv->weight.device(); }

  UNetOptions options;
  torch::nn::ModuleList upsamples, deep_supervision_heads;
  OutBlock output_block{nullptr};

 protected:
  /// Called last in a constructor: parameters are numbered in the order of registration.
  void register_decoder(NormKernel kernel = NormKernel::kTorch);
  /// Features per level, the deepest last -> outputs of forward().
  std::vector<at::Tensor> decode(const std::vector<at::Tensor>& levels);
};

/// The plain network, or the multimodal one where there are modalities.
std::shared_ptr<NetworkImpl> make_network(const UNetOptions& options);

}  // namespace consilium::models
