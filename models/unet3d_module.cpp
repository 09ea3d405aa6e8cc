#include "models/unet3d_module.h"

#include "models/conv3d.h"

namespace consilium::models {
namespace {

torch::nn::InstanceNorm3d instance_norm(int channels) { return torch::nn::InstanceNorm3d(torch::nn::InstanceNorm3dOptions(channels).affine(true)); }

at::Tensor activate(const at::Tensor& x) { return torch::leaky_relu(x, 0.01); }

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

BasicBlockImpl::BasicBlockImpl(int in, int out, int stride) {
  conv1 = register_module("conv1", WrappedConv(in, out, 3, stride, false));
  conv2 = register_module("conv2", WrappedConv(out, out, 3, 1, false));
  norm1 = register_module("norm1", instance_norm(out));
  norm2 = register_module("norm2", instance_norm(out));
}
at::Tensor BasicBlockImpl::forward(const at::Tensor& x) { return activate(norm2(conv2(activate(norm1(conv1(x)))))); }

UpBlockImpl::UpBlockImpl(int in, int out) {
  transp_conv = register_module("transp_conv", WrappedTransposedConv(in, out));
  conv_block = register_module("conv_block", BasicBlock(2 * out, out, 1));
}
at::Tensor UpBlockImpl::forward(const at::Tensor& x, const at::Tensor& skip) { return conv_block(torch::cat({transp_conv(x), skip}, 1)); }

OutBlockImpl::OutBlockImpl(int in, int out) { conv = register_module("conv", WrappedConv(in, out, 1, 1, true)); }
at::Tensor OutBlockImpl::forward(const at::Tensor& x) { return conv(x); }

UNet3dImpl::UNet3dImpl(const UNetOptions& o) : options(o) {
  validate(o);
  const std::vector<int>& f = o.filters;
  const std::size_t levels = f.size();
  input_block = register_module("input_block", BasicBlock(o.in_channels, f[0], 1));
  for (std::size_t level = 1; level + 1 < levels; ++level) downsamples->push_back(BasicBlock(f[level - 1], f[level], 2));
  register_module("downsamples", downsamples);
  bottleneck = register_module("bottleneck", BasicBlock(f[levels - 2], f[levels - 1], 2));
  for (std::size_t level = levels - 1; level-- > 0;) upsamples->push_back(UpBlock(f[level + 1], f[level]));
  register_module("upsamples", upsamples);
  output_block = register_module("output_block", OutBlock(f[0], o.out_channels));
  for (int head = 0; head < o.deep_supervision; ++head) deep_supervision_heads->push_back(OutBlock(f[static_cast<std::size_t>(head) + 1], o.out_channels));
  register_module("deep_supervision_heads", deep_supervision_heads);
}

std::vector<at::Tensor> UNet3dImpl::forward(const at::Tensor& x) {
  std::vector<at::Tensor> skips{input_block(x)};
  for (std::size_t n = 0; n < downsamples->size(); ++n) skips.push_back(downsamples->ptr<BasicBlockImpl>(n)->forward(skips.back()));
  at::Tensor features = bottleneck(skips.back());
  std::vector<at::Tensor> outputs(1 + deep_supervision_heads->size());
  for (std::size_t n = 0; n < upsamples->size(); ++n) {
    const std::size_t level = upsamples->size() - 1 - n;
    features = upsamples->ptr<UpBlockImpl>(n)->forward(features, skips[level]);
    if (level > 0 && level <= deep_supervision_heads->size()) outputs[level] = deep_supervision_heads->ptr<OutBlockImpl>(level - 1)->forward(features);
  }
  outputs[0] = output_block(features);
  return outputs;
}

}  // namespace consilium::models
