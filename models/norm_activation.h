#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Instance normalisation with weight and bias, then leaky ReLU, in one: each plane is read from memory once forwards and once backwards, and nothing between the two is kept.
/// Shapes: x [N, C, D, H, W], weight and bias [C]. Equal to the two of LibTorch but for rounding. Other types than float32 and float64, autocast, and gradients of
/// gradients are LibTorch's own.
at::Tensor norm_activation(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps, double slope);

}  // namespace consilium::models
