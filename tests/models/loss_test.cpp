#include "models/loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "tests/support/shared_data.h"

namespace consilium::models {
namespace {

const char* const kImaging = "oracles/imaging.json";
const char* const kAlgorithms = "oracles/algorithms.json";

at::Tensor to_tensor(const Json& nested) {
  std::vector<std::int64_t> shape;
  for (const Json* level = &nested; level->is_array(); level = &level->at(0)) shape.push_back(static_cast<std::int64_t>(level->size()));
  std::vector<float> values;
  const std::function<void(const Json&)> collect = [&](const Json& j) {
    if (j.is_array()) {
      for (const Json& part : j) collect(part);
    } else {
      values.push_back(j.get<float>());
    }
  };
  collect(nested);
  return torch::tensor(values).view(shape);
}

TEST(Loss, RegionLossIsNnunets) {
  if (test::is_absent(kImaging)) GTEST_SKIP() << test::kNeedsShared << kImaging;
  const Json oracle = test::oracle("imaging", "nnunet_region_loss_DC_and_BCE");
  const at::Tensor logits = to_tensor(oracle["input"]["logits_BCX"]), target = to_tensor(oracle["input"]["target_BCX"]);
  // nnU-Net's Dice term is minus Dice, ours is 1 minus Dice.
  EXPECT_NEAR(dice_bce_loss(logits, target).item<double>() - 1, oracle["expected"]["total"].get<double>(), 2e-6);
}

TEST(Loss, DiceOfSoftmaxIsMonais) {
  if (test::is_absent(kAlgorithms)) GTEST_SKIP() << test::kNeedsShared << kAlgorithms;
  const Json oracle = test::oracle("algorithms", "monai_dice_loss_softmax");
  const at::Tensor logits = to_tensor(oracle["input"]["logits"]);
  const at::Tensor index = to_tensor(oracle["input"]["target_index"]).to(torch::kLong);
  const at::Tensor target = torch::one_hot(index, 2).movedim(-1, 1).to(torch::kFloat32);
  EXPECT_NEAR(soft_dice_loss(torch::softmax(logits, 1), target, {.smooth = 1e-4}).item<double>(), oracle["expected"]["mean"].get<double>(), 1e-5);
}

TEST(Loss, GradientIsThatOfFiniteDifferences) {
  torch::manual_seed(3);
  const at::Tensor labels = torch::randint(0, 3, {2, 4, 3}, torch::kLong);
  at::Tensor logits = torch::randn({2, 3, 4, 3}, torch::kDouble).requires_grad_(true);
  dice_ce_loss(logits, labels).backward();
  const at::Tensor gradient = logits.grad();
  constexpr double kStep = 1e-6;
  for (const std::int64_t at : {0, 17, 40, 71}) {
    const at::Tensor up = logits.detach().clone(), down = logits.detach().clone();
    up.view(-1)[at] += kStep;
    down.view(-1)[at] -= kStep;
    const double slope = (dice_ce_loss(up, labels) - dice_ce_loss(down, labels)).item<double>() / (2 * kStep);
    EXPECT_NEAR(gradient.view(-1)[at].item<double>(), slope, 1e-6);
  }
}

TEST(Loss, LabelsBecomeNestedRegions) {
  const at::Tensor regions = to_brats_regions(torch::tensor({{0L, 1L, 2L, 3L}}));
  EXPECT_TRUE(torch::equal(regions, torch::tensor({{{0.F, 1.F, 1.F, 1.F}, {0.F, 1.F, 0.F, 1.F}, {0.F, 0.F, 0.F, 1.F}}})));
}

TEST(LearningRate, FallsAsAPolynomialToZero) {
  EXPECT_DOUBLE_EQ(poly_learning_rate(0.01, 0, 1000), 0.01);
  EXPECT_DOUBLE_EQ(poly_learning_rate(0.01, 500, 1000), 0.01 * std::pow(0.5, 0.9));
  EXPECT_DOUBLE_EQ(poly_learning_rate(0.01, 1000, 1000), 0);
  EXPECT_THROW(poly_learning_rate(0.01, 1001, 1000), Error);
}

}  // namespace
}  // namespace consilium::models
