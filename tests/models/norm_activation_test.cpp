#include "models/norm_activation.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/conv3d.h"
#include "tests/models/finite_differences.h"

namespace consilium::models {
namespace {

constexpr double kEps = 1e-5, kSlope = 0.01;

at::Tensor by_torch(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return torch::leaky_relu(torch::instance_norm(x, weight, bias, {}, {}, true, 0, kEps, false), kSlope);
}

/// Sizes: whole blocks and lanes, none of either, planes of one row.
const std::vector<std::vector<std::int64_t>> kShapes{{2, 3, 16, 16, 16}, {1, 2, 5, 7, 11}, {2, 1, 1, 1, 3}};

TEST(NormActivation, IsLibTorchsInValuesAndGradients) {
  constexpr double kRounding = 2e-5;
  for (const auto& shape : kShapes) {
    torch::manual_seed(1);
    const at::Tensor x = 3 + 2 * torch::randn(shape), direction = torch::randn(shape), weight = torch::randn({shape[1]}), bias = torch::randn({shape[1]});
    std::vector<std::vector<at::Tensor>> found;
    for (const bool ours : {true, false}) {
      std::vector<at::Tensor> inputs{x.clone().requires_grad_(true), weight.clone().requires_grad_(true), bias.clone().requires_grad_(true)};
      const at::Tensor y = ours ? norm_activation(inputs[0], inputs[1], inputs[2], kEps, kSlope) : by_torch(inputs[0], inputs[1], inputs[2]);
      std::vector<at::Tensor> all = torch::autograd::grad({(y * direction).sum()}, inputs);
      all.push_back(y.detach());
      found.push_back(all);
    }
    for (std::size_t n = 0; n < 4; ++n)
      EXPECT_LT((found[0][n] - found[1][n]).abs().max().item<double>(), kRounding * (1 + found[1][n].abs().max().item<double>())) << n << " of " << shape[2];
  }
}

TEST(NormActivation, GradientsAreThoseOfFiniteDifferences) {
  const auto options = torch::TensorOptions(torch::kFloat64);
  torch::manual_seed(2);
  const at::Tensor x = torch::randn({2, 2, 3, 3, 3}, options), weight = torch::randn({2}, options), bias = torch::randn({2}, options), direction = torch::randn({2, 2, 3, 3, 3}, options);
  test::expect_gradients([&] { return (norm_activation(x, weight, bias, kEps, kSlope) * direction).sum(); }, {{"x", x}, {"weight", weight}, {"bias", bias}}, 20);
}

TEST(NormActivation, TakesViewsAndHasGradientsOfGradientsWhereAskedTo) {
  const TwiceDifferentiableScope scope;
  at::Tensor x = torch::randn({1, 4, 3, 3, 3}).narrow(1, 1, 2).clone().requires_grad_(true);
  const at::Tensor weight = torch::ones({2}), bias = torch::zeros({2});
  const at::Tensor gradient = torch::autograd::grad({norm_activation(x, weight, bias, kEps, kSlope).square().sum()}, {x}, {}, true, true)[0];
  EXPECT_TRUE(torch::autograd::grad({gradient.square().sum()}, {x})[0].defined());
}

TEST(NormActivation, AViewIsReadInItsOwnOrder) {
  const at::Tensor whole = torch::randn({2, 4, 3, 3, 3}), weight = torch::ones({2}), bias = torch::zeros({2});
  EXPECT_TRUE(torch::allclose(norm_activation(whole.narrow(1, 1, 2), weight, bias, kEps, kSlope), by_torch(whole.narrow(1, 1, 2), weight, bias), 1e-4, 1e-5));
}

}  // namespace
}  // namespace consilium::models
