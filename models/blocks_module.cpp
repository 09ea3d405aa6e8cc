#include "models/blocks_module.h"

#include "models/conv3d.h"
#include "models/norm_activation.h"

namespace consilium::models {
namespace {

torch::nn::InstanceNorm3d instance_norm(int channels) { return torch::nn::InstanceNorm3d(torch::nn::InstanceNorm3dOptions(channels).affine(true)); }

at::Tensor activate(torch::nn::InstanceNorm3d& norm, const at::Tensor& x, NormKernel kernel) {
  constexpr double kSlope = 0.01;
  if (kernel == NormKernel::kFused) return norm_activation(x, norm->weight, norm->bias, norm->options.eps(), kSlope);
  return torch::leaky_relu(norm(x), kSlope);
}

}  // namespace

WrappedConvImpl::WrappedConvImpl(int in, int out, int kernel, int stride, bool bias) {
  conv = register_module("conv", torch::nn::Conv3d(torch::nn::Conv3dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(bias)));
}
at::Tensor WrappedConvImpl::forward(const at::Tensor& x) {
  return conv->options.bias() ? conv(x) : conv3d_same(x, conv->weight, conv->options.stride()->at(0));
}

WrappedTransposedConvImpl::WrappedTransposedConvImpl(int in, int out) {
  conv = register_module("conv", torch::nn::ConvTranspose3d(torch::nn::ConvTranspose3dOptions(in, out, 2).stride(2).bias(false)));
}
at::Tensor WrappedTransposedConvImpl::forward(const at::Tensor& x) { return conv(x); }

BasicBlockImpl::BasicBlockImpl(int in, int out, int stride, NormKernel k) : kernel(k) {
  conv1 = register_module("conv1", WrappedConv(in, out, 3, stride, false));
  conv2 = register_module("conv2", WrappedConv(out, out, 3, 1, false));
  norm1 = register_module("norm1", instance_norm(out));
  norm2 = register_module("norm2", instance_norm(out));
}
at::Tensor BasicBlockImpl::forward(const at::Tensor& x) { return activate(norm2, conv2(activate(norm1, conv1(x), kernel)), kernel); }

UpBlockImpl::UpBlockImpl(int in, int out, NormKernel kernel) {
  transp_conv = register_module("transp_conv", WrappedTransposedConv(in, out));
  conv_block = register_module("conv_block", BasicBlock(2 * out, out, 1, kernel));
}
at::Tensor UpBlockImpl::forward(const at::Tensor& x, const at::Tensor& skip) { return conv_block(torch::cat({transp_conv(x), skip}, 1)); }

OutBlockImpl::OutBlockImpl(int in, int out) { conv = register_module("conv", WrappedConv(in, out, 1, 1, true)); }
at::Tensor OutBlockImpl::forward(const at::Tensor& x) { return conv(x); }

}  // namespace consilium::models
