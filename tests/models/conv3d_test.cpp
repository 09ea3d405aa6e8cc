#include "models/conv3d.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace consilium::models {
namespace {

double relative_difference(const at::Tensor& a, const at::Tensor& b) { return ((a - b).norm() / b.norm()).item<double>(); }

// LibTorch's own gradients in float64 are the truth.
TEST(Conv3d, GradientsAreThoseOfFloat64) {
  torch::manual_seed(3);
  struct Case {
    std::int64_t batch, in, out, d, h, w;
  };
  for (const Case& c : {Case{2, 4, 8, 12, 16, 16}, Case{1, 3, 5, 9, 13, 11}, Case{2, 8, 7, 4, 32, 8}, Case{1, 1, 1, 3, 128, 1}}) {
    const at::Tensor x = torch::randn({c.batch, c.in, c.d, c.h, c.w}), w = torch::randn({c.out, c.in, 3, 3, 3});
    const at::Tensor x32 = x.clone().requires_grad_(), w32 = w.clone().requires_grad_();
    const at::Tensor x64 = x.to(torch::kDouble).requires_grad_(), w64 = w.to(torch::kDouble).requires_grad_();
    const at::Tensor y32 = conv3d_same(x32, w32, 1), y64 = at::conv3d(x64, w64, {}, 1, 1);
    const at::Tensor g = torch::randn_like(y32);
    y32.backward(g);
    y64.backward(g.to(torch::kDouble));
    EXPECT_LT(relative_difference(y32.to(torch::kDouble), y64), 1e-6);
    EXPECT_LT(relative_difference(w32.grad().to(torch::kDouble), w64.grad()), 1e-6);
    EXPECT_LT(relative_difference(x32.grad().to(torch::kDouble), x64.grad()), 1e-6);
  }
}

TEST(Conv3d, StrideTwoAndInputsWithoutGradientAreLibTorchs) {
  torch::manual_seed(4);
  const at::Tensor x = torch::randn({2, 4, 16, 16, 16}), w = torch::randn({8, 4, 3, 3, 3}).requires_grad_();
  EXPECT_TRUE(torch::equal(conv3d_same(x, w, 2), at::conv3d(x, w, {}, 2, 1)));
  conv3d_same(x, w, 1).sum().backward();  // the first layer: nothing flows back into the image
  EXPECT_TRUE(w.grad().defined());
}

}  // namespace
}  // namespace consilium::models
