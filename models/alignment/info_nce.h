#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Vectors of one side from earlier batches.
struct Remembered {
  at::Tensor vectors{};  ///< [Q, P], no gradient; undefined: none
  at::Tensor same{};     ///< [N, Q] bool: of the same study as the sample
};

/// Symmetric contrastive loss: of two views of one study each is to find the other among all.
///
///     one way: CE(a b^T / temperature, i) - mean_i log(sum over q of the same study exp(a_i q / temperature) / sum over all q exp(a_i q / temperature))
///
/// over b and what is remembered of b, and the mean of both ways. What is remembered is compared with what is remembered only: were old vectors negatives of new pairs, a
/// network could tell new from old and all studies would become one. A sample without an earlier vector of its study has no such term.
///
/// Shapes: a, b [N, P], unit vectors, row i of both of one sample; `same` [N, N] bool marks samples of one study, which are no negatives of each other
/// (undefined: every sample is a study of its own) -> scalar.
/// Source: van den Oord et al. 2018 (arXiv:1807.03748), equation 4; symmetric as CLIP (arXiv:2103.00020); earlier batches as Wang et al. 2020, cross-batch memory (arXiv:1912.06798).
at::Tensor info_nce(const at::Tensor& a, const at::Tensor& b, double temperature, const Remembered& of_a = {}, const Remembered& of_b = {}, const at::Tensor& same = {});

}  // namespace consilium::models
