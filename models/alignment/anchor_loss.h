#pragma once

#include <ATen/core/Tensor.h>

namespace consilium::models {

/// sum_c ||m_c / |m_c| - a_c / |a_c| ||^2: how far a modality's class means point away from the classes' anchors, which sites share that have no patient in common.
/// Shapes: means, anchors [K, C], row c of both of one class -> scalar. No gradient reaches the anchors.
/// Source: class prototypes across clients, Tan et al. 2022, FedProto (arXiv:2105.00243), equation 6, on unit vectors.
at::Tensor anchor_loss(const at::Tensor& means, const at::Tensor& anchors);

}  // namespace consilium::models
