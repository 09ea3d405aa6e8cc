#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include "models/network_module.h"

namespace consilium::models {

/// Parameter names and arithmetic of MONAI's DynUNet.
struct UNet3dImpl final : NetworkImpl {
  explicit UNet3dImpl(const UNetOptions& options);
  std::vector<at::Tensor> forward(const at::Tensor& x, const Presence& presence) override;

  BasicBlock input_block{nullptr}, bottleneck{nullptr};
  torch::nn::ModuleList downsamples;
};

}  // namespace consilium::models
