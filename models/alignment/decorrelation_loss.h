#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// Squared Frobenius norm of the correlations between shared and private channels over samples and voxels: 0 when neither tells anything (linearly) of the other.
/// Shapes: [N, S, ...] and [N, P, ...] of the same voxels -> scalar. A constant channel has correlation 0.
/// Source: of the idea Salzmann et al. 2010 (AISTATS), private and shared factors kept apart; Bousmalis et al. 2016 (arXiv:1608.06019), equation 5.
at::Tensor decorrelation_loss(const at::Tensor& shared, const at::Tensor& own);

}  // namespace consilium::models
