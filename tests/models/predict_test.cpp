#include "models/predict.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"
#include "models/window.h"
#include "tests/support/shared_data.h"

namespace consilium::models {
namespace {

const char* const kImaging = "oracles/imaging.json";

TEST(Window, StartsAreNnunets) {
  if (test::is_absent(kImaging)) GTEST_SKIP() << test::kNeedsShared << kImaging;
  const Json oracle = test::oracle("imaging", "nnunet_sliding_window_steps");
  for (std::size_t n = 0; n < oracle["input"].size(); ++n) {
    const Json& in = oracle["input"][n];
    for (std::size_t axis = 0; axis < in["image"].size(); ++axis)
      EXPECT_EQ(Json(window_starts(in["image"][axis], in["tile"][axis], 1 - in["step"].get<double>())), oracle["expected"][n][axis]);
  }
}

TEST(Window, ImportanceIsNnunets) {
  if (test::is_absent(kImaging)) GTEST_SKIP() << test::kNeedsShared << kImaging;
  const Json expected = test::oracle("imaging", "gaussian_importance_maps")["expected"]["nnunet_1d"];
  const auto weights = gaussian_importance(8);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(weights[i], expected[i].get<double>(), 1e-5);
}

const UNetOptions kSmall{.in_channels = 1, .out_channels = 3, .filters = {4, 8}};

TEST(Predict, OneWindowIsTheSoftmaxOfTheLogits) {
  torch::manual_seed(1);
  const Segmenter segmenter(kSmall, Rng(1));
  const at::Tensor image = torch::randn({1, 16, 16, 16});
  const at::Tensor expected = torch::softmax(segmenter.logits(image.unsqueeze(0))[0][0], 0);
  EXPECT_LT((predict_probabilities(segmenter, image, {.patch = {16, 16, 16}}) - expected).abs().max().item<double>(), 1e-6);
}

TEST(Predict, AnImageOfAnySizeGetsProbabilitiesThatSumToOne) {
  torch::manual_seed(2);
  const Segmenter segmenter(kSmall, Rng(1));
  const at::Tensor probabilities = predict_probabilities(segmenter, torch::randn({1, 13, 37, 20}), {.patch = {16, 16, 16}});
  EXPECT_EQ(probabilities.sizes(), (std::vector<std::int64_t>{3, 13, 37, 20}));
  EXPECT_LT((probabilities.sum(0) - 1).abs().max().item<double>(), 1e-5);
}

TEST(Predict, AWrongPatchOrChannelCountIsRefused) {
  const Segmenter segmenter(kSmall, Rng(1));
  EXPECT_THROW(predict_probabilities(segmenter, torch::zeros({1, 16, 16, 16}), {.patch = {16, 15, 16}}), Error);
  EXPECT_THROW(predict_probabilities(segmenter, torch::zeros({2, 16, 16, 16})), Error);
}

}  // namespace
}  // namespace consilium::models
