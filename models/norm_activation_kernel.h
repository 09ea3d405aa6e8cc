#pragma once

#include <cstddef>

namespace consilium::models {

/// What a plane's values were shifted and scaled by.
struct PlaneMoments {
  double mean = 0;
  double scale = 1;  ///< 1 / sqrt(variance + eps)
};

/// y = leaky ReLU of weight * (x - mean) / sqrt(variance + eps) + bias over one plane of `count` values.
PlaneMoments normalise_plane(const float* x, std::size_t count, float weight, float bias, double eps, float slope, float* y);
PlaneMoments normalise_plane(const double* x, std::size_t count, double weight, double bias, double eps, double slope, double* y);

/// Gradients of a plane's weight and bias.
struct PlaneGradients {
  double weight = 0;
  double bias = 0;
};

/// From the gradient of y to that of x.
PlaneGradients plane_gradient(const float* x, const float* of_y, std::size_t count, const PlaneMoments& moments, float weight, float bias, float slope, float* of_x);
PlaneGradients plane_gradient(const double* x, const double* of_y, std::size_t count, const PlaneMoments& moments, double weight, double bias, double slope, double* of_x);

}  // namespace consilium::models
