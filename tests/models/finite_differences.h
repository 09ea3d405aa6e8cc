#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace consilium::test {

/// The gradient that autograd gives of a float64 `loss` in each tensor is that of central differences, at up to `checked` elements spread over it.
/// Tolerance: with steps of 1e-6 the quotient's rounding is about 1e-9 of the loss, its truncation less.
inline void expect_gradients(const std::function<at::Tensor()>& loss, std::vector<std::pair<std::string, at::Tensor>> tensors, std::int64_t checked = 6) {
  constexpr double kStep = 1e-6, kTolerance = 1e-6;
  for (auto& [name, tensor] : tensors) {
    ASSERT_EQ(tensor.scalar_type(), torch::kFloat64) << name;
    tensor.requires_grad_(true);
    tensor.mutable_grad() = at::Tensor();
  }
  loss().backward();
  double largest = 0;
  for (auto& [name, tensor] : tensors) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    const at::Tensor gradient = tensor.grad().clone().flatten();
    const torch::NoGradGuard no_graph;
    at::Tensor flat = tensor.view({-1});
    const std::int64_t stride = std::max<std::int64_t>(1, flat.numel() / checked);
    for (std::int64_t n = 0; n < flat.numel(); n += stride) {
      const double value = flat[n].item<double>();
      flat[n].fill_(value + kStep);
      const double above = loss().item<double>();
      flat[n].fill_(value - kStep);
      const double below = loss().item<double>();
      flat[n].fill_(value);
      const double expected = (above - below) / (2 * kStep), found = gradient[n].item<double>();
      EXPECT_NEAR(found, expected, kTolerance * (1 + std::abs(expected))) << name << "[" << n << "]";
      largest = std::max(largest, std::abs(expected));
    }
  }
  EXPECT_GT(largest, 1e-4) << "a loss that does not depend on anything is no test";
}

}  // namespace consilium::test
