#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace consilium::models {

/// Convolution without bias, padded so that stride 1 keeps the size.
/// Shapes: input [N, I, D, H, W], weight [O, I, k, k, k] -> [N, O, D', H', W'].
///
/// Equal to at::conv3d. While training in float32 on the processor, kernels of 3 with stride 1 get the gradient of their weights from
/// conv3d_weight_gradient: oneDNN has only an im2col fallback for it, which took 60 % of a training step (docs/benchmarks.md).
at::Tensor conv3d_same(const at::Tensor& input, const at::Tensor& weight, std::int64_t stride);

/// While it lives, convolutions of this thread have gradients of gradients: the kernel above has none, so at::conv3d's own is used. For attacks that match gradients
/// (models/attack); slower.
class TwiceDifferentiableScope {
 public:
  TwiceDifferentiableScope();
  ~TwiceDifferentiableScope();
  static bool is_active();
  TwiceDifferentiableScope(const TwiceDifferentiableScope&) = delete;
  TwiceDifferentiableScope& operator=(const TwiceDifferentiableScope&) = delete;

 private:
  bool before_;
};

/// Gradient of the weights [O, I, 3, 3, 3] of a convolution of kernel 3, stride 1, padding 1. Shapes: input [N, I, D, H, W], gradient of the
/// output [N, O, D, H, W], both float32 on the processor. Uses the calling thread; the order of summation is fixed.
at::Tensor conv3d_weight_gradient(const at::Tensor& input, const at::Tensor& output_gradient);

}  // namespace consilium::models
