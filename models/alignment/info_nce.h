#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Further negatives of one side, of earlier batches.
struct Negatives {
  at::Tensor vectors{};  ///< [Q, P], no gradient; undefined: none
  at::Tensor same{};     ///< [N, Q] bool: of the same study as the sample, so no negative of it; undefined: none is
};

/// Symmetric contrastive loss: of two views of one study each is to find the other among all.
///
///     L = (CE(a [b, q_b]^T / temperature, i) + CE(b [a, q_a]^T / temperature, i)) / 2
///
/// Shapes: a, b [N, P], unit vectors, row i of both of one sample; `same` [N, N] bool marks samples of one study, which are no negatives of each other
/// (undefined: every sample is a study of its own) -> scalar.
/// Source: van den Oord et al. 2018 (arXiv:1807.03748), equation 4; symmetric as CLIP (arXiv:2103.00020); earlier batches as MoCo (arXiv:1911.05722).
at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, double temperature, const Negatives& of_a = {}, const Negatives& of_b = {}, const at::Tensor& same = {});

}  // namespace consilium::models
