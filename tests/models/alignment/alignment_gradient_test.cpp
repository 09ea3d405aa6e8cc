#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/alignment/anchor_loss.h"
#include "models/alignment/class_weights.h"
#include "models/alignment/decorrelation_loss.h"
#include "models/alignment/info_nce.h"
#include "models/loss.h"
#include "models/multimodal_module.h"
#include "tests/models/finite_differences.h"
#include "tests/models/multimodal_case.h"

// Every loss that trains a network with modalities, in float64 against central differences.
namespace consilium::models {
namespace {

const auto kDouble = torch::TensorOptions(torch::kFloat64);

at::Tensor drawn(std::vector<std::int64_t> shape, std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, kDouble);
}

TEST(AlignmentGradients, InfoNce) {
  const at::Tensor a = drawn({3, 4}, 1), b = drawn({3, 4}, 2);
  at::Tensor same = torch::eye(3, torch::kBool);
  same[0][2] = same[2][0] = true;
  test::expect_gradients([&] { return info_nce(a, b, 0.5, same); }, {{"a", a}, {"b", b}}, 12);
}

TEST(AlignmentGradients, Projector) {
  Projector projector(6);
  projector->to(torch::kFloat64);
  const at::Tensor means = drawn({2, 6}, 1), direction = drawn({2, kProjected}, 2);
  test::expect_gradients([&] { return (projector(means) * direction).sum(); }, {{"means", means}, {"first", projector->first->weight}, {"second", projector->second->weight}}, 12);
}

TEST(AlignmentGradients, AnchorLossThroughClassMeans) {
  const at::Tensor features = drawn({2, 4, 2, 2, 2}, 1), anchors = drawn({3, 4}, 2);
  const at::Tensor weights = torch::rand({2, 3, 2, 2, 2}, kDouble);
  test::expect_gradients([&] { return anchor_loss(class_means_of_batch(features, weights), anchors); }, {{"features", features}}, 16);
}

TEST(AlignmentGradients, DecorrelationLoss) {
  const at::Tensor shared = drawn({2, 3, 2, 2, 2}, 1), own = drawn({2, 2, 2, 2, 2}, 2);
  test::expect_gradients([&] { return decorrelation_loss(shared, own); }, {{"shared", shared}, {"own", own}}, 16);
}

TEST(AlignmentGradients, SupervisedLosses) {
  const at::Tensor logits = drawn({2, 3, 2, 2, 2}, 1);
  const at::Tensor labels = torch::randint(0, 3, {2, 2, 2, 2}, torch::kLong);
  const DiceLossOptions options{.include_background = false, .batch = true};
  test::expect_gradients([&] { return dice_ce_loss(logits, labels, options); }, {{"logits", logits}}, 16);
  const at::Tensor regions = to_brats_regions(labels).to(torch::kFloat64);
  test::expect_gradients([&] { return dice_bce_loss(logits, regions, options); }, {{"logits", logits}}, 16);
}

TEST(AlignmentGradients, SingleHead) {
  SingleHead head(std::vector<int>{2, 3}, 2);
  head->to(torch::kFloat64);
  const at::Tensor fine = drawn({1, 2, 4, 4, 4}, 1), coarse = drawn({1, 3, 2, 2, 2}, 2), direction = drawn({1, 2, 4, 4, 4}, 3);
  test::expect_gradients([&] { return (head(std::vector<at::Tensor>{fine, coarse}) * direction).sum(); }, {{"fine", fine}, {"coarse", coarse}});
}

TEST(AlignmentGradients, AnchorAttention) {
  AnchorAttention attention(3);
  attention->to(torch::kFloat64);
  const at::Tensor features = drawn({2, 3, 2, 2, 2}, 1), anchors = drawn({2, 3}, 2), direction = drawn({2, 3, 2, 2, 2}, 3);
  std::vector<std::pair<std::string, at::Tensor>> tensors{{"features", features}};
  for (const auto& entry : attention->named_parameters()) tensors.emplace_back(entry.key(), entry.value());
  test::expect_gradients([&] { return (attention(features, anchors) * direction).sum(); }, tensors);
}

TEST(AlignmentGradients, TheWholeNetworkOfSamplesWithDifferentModalities) {
  for (const Fusion kind : {Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts}) {
    SCOPED_TRACE(static_cast<int>(kind));
    UNetOptions options{.in_channels = 2, .out_channels = 2, .filters = {2, 3}};
    options.multimodal.modalities = {{"CT"}, {"MR"}};
    options.multimodal.fusion = kind;
    torch::manual_seed(11);
    MultimodalNetImpl net(options);
    net.to(torch::kFloat64);
    const at::Tensor image = drawn({3, 2, 4, 4, 4}, 1), direction = drawn({3, 2, 4, 4, 4}, 2);
    const Presence presence{{true, true}, {false, true}, {true, true}};
    std::vector<std::pair<std::string, at::Tensor>> tensors{{"image", image}};
    for (const auto& entry : net.named_parameters())
      if (entry.value().requires_grad() && !entry.key().starts_with("projectors") && !entry.key().starts_with("single_head")) tensors.emplace_back(entry.key(), entry.value());
    test::expect_gradients([&] { return (net.forward(image, presence)[0] * direction).sum(); }, tensors, 3);
    EXPECT_EQ(image.grad()[1][0].abs().max().item<double>(), 0) << "no gradient reaches a channel that is absent";
  }
}

}  // namespace
}  // namespace consilium::models
