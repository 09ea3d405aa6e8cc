#pragma once

// Only for .cpp files of this folder: it pulls in all of LibTorch.
#include <torch/torch.h>

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

enum class NormKernel {
  kTorch,  ///< the plain network's: its bytes stay what they were
  kFused,  ///< models/norm_activation.h
};

/// Twice: convolution, instance normalisation, leaky ReLU (0.01).
struct BasicBlockImpl : torch::nn::Module {
  BasicBlockImpl(int in, int out, int stride, NormKernel kernel = NormKernel::kTorch);
  at::Tensor forward(const at::Tensor& x);
  WrappedConv conv1{nullptr}, conv2{nullptr};
  torch::nn::InstanceNorm3d norm1{nullptr}, norm2{nullptr};
  NormKernel kernel;
};
struct BasicBlock : torch::nn::ModuleHolder<BasicBlockImpl> {
  using ModuleHolder::ModuleHolder;
};

struct UpBlockImpl : torch::nn::Module {
  UpBlockImpl(int in, int out, NormKernel kernel = NormKernel::kTorch);
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

}  // namespace consilium::models
