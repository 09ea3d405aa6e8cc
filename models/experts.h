#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace consilium::models {

/// Normal distributions, one per element.
struct Gaussian {
  at::Tensor mean, variance;
};

/// Product of normal distributions and the standard normal prior: precision = 1 + sum 1 / v_m, mean = (sum mu_m / v_m) / precision.
/// Shapes: all alike; at least one expert, variances above 0. Source: U-HVED, Dorent et al. 2019 (arXiv:1907.11150), section 2.2.
Gaussian product_of_experts(const std::vector<Gaussian>& experts);

}  // namespace consilium::models
