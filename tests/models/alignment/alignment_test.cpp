#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "base/error.h"
#include "models/alignment/anchor_loss.h"
#include "models/alignment/class_weights.h"
#include "models/alignment/decorrelation_loss.h"
#include "models/alignment/info_nce.h"
#include "models/alignment/modality_dropout.h"
#include "tests/support/shared_data.h"

namespace consilium::models {
namespace {

at::Tensor matrix(const std::vector<std::vector<double>>& rows) {
  std::vector<at::Tensor> tensors;
  for (const auto& row : rows) tensors.push_back(torch::tensor(row, torch::kFloat64));
  return torch::stack(tensors);
}

TEST(InfoNce, IsTheOracles) {
  const char* const file = "oracles/algorithms.json";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const Json oracle = test::oracle("algorithms", "infonce_symmetric");
  const Json& input = oracle["input"];
  const double found = info_nce(matrix(input["a"]), matrix(input["b"]), input["tau"]).item<double>();
  const double expected = oracle["expected"];
  EXPECT_NEAR(found, expected, oracle["tolerance"]["rel"].get<double>() * expected);
}

TEST(InfoNce, RowsThatAreNoNegativesHaveNoSay) {
  const at::Tensor a = matrix({{1, 0}, {0.6, 0.8}}), b = matrix({{0, 1}, {0.8, 0.6}});
  EXPECT_NEAR(info_nce(a, b, 0.1, torch::ones({2, 2}, torch::kBool)).item<double>(), 0, 1e-12) << "nothing is left to be told from";
  EXPECT_EQ(info_nce(a, b, 0.1, torch::eye(2, torch::kBool)).item<double>(), info_nce(a, b, 0.1).item<double>()) << "a row is always its own positive";
  EXPECT_GT(info_nce(a, b, 0.1).item<double>(), 0.1);
}

TEST(InfoNce, TakesAsManyOfBoth) { EXPECT_THROW(info_nce(matrix({{1, 0}}), matrix({{1, 0}, {0, 1}}), 0.1), Error); }

TEST(AnchorLoss, IsTwoMinusTwoCosinesOverClasses) {
  const double cosine = 0.6;
  EXPECT_NEAR(anchor_loss(matrix({{3, 4}, {0, 2}}), matrix({{7, 0}, {0, 1}})).item<double>(), 2 - 2 * cosine, 1e-12);
}

TEST(AnchorLoss, LeavesAnchorsAlone) {
  at::Tensor means = matrix({{1, 2}}).requires_grad_(true), anchors = matrix({{2, 1}}).requires_grad_(true);
  anchor_loss(means, anchors).backward();
  EXPECT_TRUE(means.grad().defined());
  EXPECT_FALSE(anchors.grad().defined());
}

TEST(DecorrelationLoss, IsTheSquaredCorrelation) {
  const at::Tensor x = torch::tensor({1.0, 2.0, 3.0, 4.0}, torch::kFloat64).view({1, 1, 4}), y = torch::tensor({1.0, -1.0, -1.0, 1.0}, torch::kFloat64).view({1, 1, 4});
  EXPECT_NEAR(decorrelation_loss(x, y).item<double>(), 0, 1e-9);
  EXPECT_NEAR(decorrelation_loss(x, 5 - 3 * x).item<double>(), 1, 1e-9);
  EXPECT_NEAR(decorrelation_loss(torch::cat({x, y}, 1), x).item<double>(), 1, 1e-9);
  EXPECT_NEAR(decorrelation_loss(torch::ones_like(x), x).item<double>(), 0, 1e-9) << "a constant channel";
}

TEST(ModalityDropout, KeepsOneAndDrawsEachBySoMuch) {
  Rng rng(5);
  int dropped = 0, kept_all = 0;
  constexpr int kDraws = 4000;
  for (int n = 0; n < kDraws; ++n) {
    const Presence kept = drop_modalities({{true, true, true}, {false, true, false}}, 0.3, rng);
    EXPECT_NE(kept[0], ModalitySet(3, false));
    EXPECT_EQ(kept[1], (ModalitySet{false, true, false}));
    dropped += kept[0][0] ? 0 : 1;
    kept_all += kept[0] == ModalitySet(3, true) ? 1 : 0;
  }
  // Of a draw that loses all three (0.027) each comes back with 1/3. Six deviations of a share of 4000 draws are at most 0.05.
  EXPECT_NEAR(dropped / double{kDraws}, 0.3 - 0.027 / 3, 0.05);
  EXPECT_NEAR(kept_all / double{kDraws}, 0.343, 0.05);
}

TEST(ModalityDropout, NeverBringsInWhatIsMissing) {
  Rng rng(5);
  for (int n = 0; n < 100; ++n) EXPECT_FALSE(drop_modalities({{true, false, true}}, 0.9, rng)[0][1]);
}

TEST(ClassWeights, AreSharesOfCoarseVoxels) {
  at::Tensor labels = torch::zeros({1, 2, 2, 4}, torch::kLong);
  labels[0][0][0][0] = 1;
  labels[0][1][1][3] = 2;
  labels[0][0][1][3] = 2;
  const at::Tensor weights = class_weights(labels, {{}}, 3, OutputKind::kClasses, 2);
  EXPECT_TRUE(torch::allclose(weights, torch::tensor({{0.875, 0.75}, {0.125, 0.0}, {0.0, 0.25}}, torch::kFloat32).view({1, 3, 1, 1, 2})));
}

TEST(ClassWeights, OfRegionsAreNested) {
  const at::Tensor labels = torch::tensor({0, 1, 2, 3}, torch::kLong).view({1, 1, 1, 4});
  EXPECT_TRUE(torch::allclose(class_weights(labels, {{}}, 3, OutputKind::kRegions, 1).view({3, 4}), torch::tensor({{0.0, 1.0, 1.0, 1.0}, {0.0, 1.0, 0.0, 1.0}, {0.0, 0.0, 0.0, 1.0}}, torch::kFloat32)));
}

TEST(ClassWeights, AReferenceThatJoinsClassesSaysNothingOfThem) {
  const LabelSets whole{{0, 1, 1, 1}};
  EXPECT_TRUE(tells_apart(whole, 0, OutputKind::kClasses));
  EXPECT_FALSE(tells_apart(whole, 2, OutputKind::kClasses));
  EXPECT_TRUE(tells_apart(whole, 0, OutputKind::kRegions)) << "it does show WT";
  EXPECT_FALSE(tells_apart(whole, 2, OutputKind::kRegions));
  const at::Tensor weights = class_weights(torch::ones({1, 1, 1, 1}, torch::kLong), {whole}, 4, OutputKind::kClasses, 1);
  EXPECT_EQ(weights.sum().item<double>(), 0);
}

TEST(ClassMeans, AreOverTheVoxelsOfTheClass) {
  const at::Tensor features = torch::tensor({1.0, 3.0, 10.0, 30.0}, torch::kFloat64).view({1, 2, 1, 1, 2}), weights = torch::tensor({1.0, 0.0, 0.5, 0.5, 0.0, 0.0}).view({1, 3, 1, 1, 2});
  EXPECT_TRUE(torch::allclose(class_means_of_samples(features, weights)[0], torch::tensor({{1.0, 10.0}, {2.0, 20.0}, {0.0, 0.0}}, torch::kFloat64)));
  const at::Tensor two = torch::cat({features, 3 * features}), both = torch::cat({weights, weights});
  EXPECT_TRUE(torch::allclose(class_means_of_batch(two, both), torch::tensor({{2.0, 20.0}, {4.0, 40.0}, {0.0, 0.0}}, torch::kFloat64)));
}

}  // namespace
}  // namespace consilium::models
