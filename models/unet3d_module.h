#pragma once

#include <torch/torch.h>

#include <vector>

#include "models/unet3d.h"

namespace consilium::models {

/// A layer whose weights lie one name deeper, as MONAI's `Convolution` has them ("conv1.conv.weight").
struct WrappedConvImpl : torch::nn::Module {
  WrappedConvImpl(int in, int out, int kernel, int stride, bool bias);
  at::Tensor forward(const at::Tensor& x);
  torch::nn::Conv3d conv{nullptr};
};
struct WrappedConv : torch::nn::ModuleHolder<WrappedConvImpl> {
  using ModuleHolder::ModuleHolder;
};

struct WrappedTransposedConvImpl : torch::nn::Module {
  WrappedTransposedConvImpl(int in, int out);
  at::Tensor forward(const at::Tensor& x);
  torch::nn::ConvTranspose3d conv{nullptr};
};
struct WrappedTransposedConv : torch::nn::ModuleHolder<WrappedTransposedConvImpl> {
  using ModuleHolder::ModuleHolder;
};

/// Twice: convolution, instance normalisation, leaky ReLU (0.01).
struct BasicBlockImpl : torch::nn::Module {
  BasicBlockImpl(int in, int out, int stride);
  at::Tensor forward(const at::Tensor& x);
  WrappedConv conv1{nullptr}, conv2{nullptr};
  torch::nn::InstanceNorm3d norm1{nullptr}, norm2{nullptr};
};
struct BasicBlock : torch::nn::ModuleHolder<BasicBlockImpl> {
  using ModuleHolder::ModuleHolder;
};

struct UpBlockImpl : torch::nn::Module {
  UpBlockImpl(int in, int out);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& skip);
  WrappedTransposedConv transp_conv{nullptr};
  BasicBlock conv_block{nullptr};
};
struct UpBlock : torch::nn::ModuleHolder<UpBlockImpl> {
  using ModuleHolder::ModuleHolder;
};

struct OutBlockImpl : torch::nn::Module {
  OutBlockImpl(int in, int out);
  at::Tensor forward(const at::Tensor& x);
  WrappedConv conv{nullptr};
};
struct OutBlock : torch::nn::ModuleHolder<OutBlockImpl> {
  using ModuleHolder::ModuleHolder;
};

/// Parameter names and arithmetic of MONAI's DynUNet.
struct UNet3dImpl : torch::nn::Module {
  explicit UNet3dImpl(const UNetOptions& options);
  /// [N, C, D, H, W] -> logits at full resolution, then those of the supervised levels, each half the size of the one before.
  std::vector<at::Tensor> forward(const at::Tensor& x);

  UNetOptions options;
  BasicBlock input_block{nullptr}, bottleneck{nullptr};
  torch::nn::ModuleList downsamples, upsamples, deep_supervision_heads;
  OutBlock output_block{nullptr};
};
struct UNet3d : torch::nn::ModuleHolder<UNet3dImpl> {
  using ModuleHolder::ModuleHolder;
};

}  // namespace consilium::models
