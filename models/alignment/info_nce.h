#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Symmetric contrastive loss: of two views of each thing one is to find the other among those of all things.
///
///     one way: CE(a b^T / temperature, i), the other with a and b exchanged, and the mean of both
///
/// Shapes: a, b [N, P], unit vectors, row i of both of one thing; `same` [N, N] bool marks rows that are no negatives of each other (undefined: none) -> scalar.
/// Source: van den Oord et al. 2018 (arXiv:1807.03748), equation 4; symmetric as CLIP (arXiv:2103.00020).
at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, double temperature, const at::Tensor& same = {});

}  // namespace consilium::models
