#include "models/fusion_module.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/experts.h"
#include "tests/models/finite_differences.h"
#include "tests/support/shared_data.h"

namespace consilium::models {
namespace {

const auto kDouble = torch::TensorOptions(torch::kFloat64);

/// [1, C, 1, 1, 1]
at::Tensor voxel(const std::vector<double>& channels) { return torch::tensor(channels, kDouble).view({1, -1, 1, 1, 1}); }

std::vector<at::Tensor> features(int modalities, std::int64_t samples = 2) {
  torch::manual_seed(3);
  std::vector<at::Tensor> result;
  for (int m = 0; m < modalities; ++m) result.push_back(torch::randn({samples, 3, 2, 2, 2}, kDouble));
  return result;
}

std::shared_ptr<FusionImpl> fusion(Fusion kind) {
  torch::manual_seed(7);
  auto made = make_fusion(kind, 3, 4, 2);
  made->to(torch::kFloat64);
  return made;
}

TEST(Fusion, HemisIsMeanAndSampleVariance) {
  const FusedStatistics s = fusion(Fusion::kHemis)->statistics({voxel({1, 0, 2}), voxel({3, 0, 2}), voxel({5, 3, 2})});
  EXPECT_TRUE(torch::allclose(s.mean, voxel({3, 1, 2})));
  EXPECT_TRUE(torch::allclose(s.variance, voxel({4, 3, 0})));
}

TEST(Fusion, HemisOfOneModalityIsItselfWithoutVariance) {
  const FusedStatistics s = fusion(Fusion::kHemis)->statistics({voxel({1, -2, 3})});
  EXPECT_TRUE(torch::equal(s.mean, voxel({1, -2, 3})));
  EXPECT_FALSE(s.variance.defined());
}

TEST(Fusion, GatedIsTheWeightedMeanAndTheSpreadAboutIt) {
  const auto gated = fusion(Fusion::kGated);
  auto& gate = dynamic_cast<GatedFusionImpl&>(*gated).gate->conv;
  const torch::NoGradGuard no_graph;
  gate->weight.zero_();
  gate->weight[0][0].fill_(1);  // the gate's logit is the first channel
  gate->bias.fill_(0.7);
  const double log3 = std::log(3.0);
  const FusedStatistics s = gated->statistics({voxel({0, 4, 1}), voxel({log3, 8, 1})});  // weights 1/4 and 3/4
  EXPECT_TRUE(torch::allclose(s.mean, voxel({0.75 * log3, 7, 1})));
  const double first = 0.5 * (0.75 * 0.75 + 0.25 * 0.25) * log3 * log3;
  EXPECT_TRUE(torch::allclose(s.variance, voxel({first, 0.5 * (9 + 1), 0})));
  EXPECT_TRUE(torch::allclose(gated->gates({voxel({0, 4, 1}), voxel({log3, 8, 1})}), torch::tensor({{0.25, 0.75}}, kDouble)));
}

TEST(Fusion, RegionGatesWeighRegionsApart) {
  const auto made = fusion(Fusion::kRegion);
  auto& region = dynamic_cast<RegionFusionImpl&>(*made);
  const torch::NoGradGuard no_graph;
  region.region->conv->weight.zero_();
  region.region->conv->weight[0][0].fill_(200);  // region 0 where the mean of channel 0 is positive, region 1 elsewhere
  region.region->conv->bias.zero_();
  region.score1->weight.zero_();
  region.score1->bias.zero_();
  region.score1->weight[0][1].fill_(1);  // the score is what channel 1 is in the region, on average
  region.score2->weight.zero_();
  region.score2->weight[0][0].fill_(1);
  region.score2->bias.zero_();
  at::Tensor a = torch::zeros({1, 3, 1, 1, 2}, kDouble), b = torch::zeros({1, 3, 1, 1, 2}, kDouble);
  for (at::Tensor& x : std::vector<at::Tensor>{a, b}) x[0][0][0][0] = torch::tensor({1.0, -1.0}, kDouble);
  a[0][1][0][0] = torch::tensor({std::log(3.0), 0.0}, kDouble);  // in region 0: sigmoid 3/4 beside 1/2; in region 1 both 1/2
  a[0][2].fill_(10);
  const FusedStatistics s = region.statistics({a, b});
  EXPECT_NEAR(s.mean[0][2][0][0][0].item<double>(), 10 * 0.75 / 1.25, 1e-4);
  EXPECT_NEAR(s.mean[0][2][0][0][1].item<double>(), 10 * 0.5, 1e-4);
  EXPECT_NEAR(s.variance[0][2][0][0][1].item<double>(), 25, 1e-3);
}

TEST(Fusion, ProductOfExpertsIsTheOracles) {
  const char* const file = "oracles/algorithms.json";
  if (test::is_absent(file)) GTEST_SKIP() << test::kNeedsShared << file;
  const Json oracle = test::oracle("algorithms", "poe_gaussian");
  std::vector<Gaussian> experts;
  for (std::size_t n = 0; n < oracle["input"]["mu"].size(); ++n)
    experts.push_back({torch::full({1}, oracle["input"]["mu"][n].get<double>(), kDouble), torch::full({1}, oracle["input"]["var"][n].get<double>(), kDouble)});
  const Gaussian product = product_of_experts(experts);
  EXPECT_NEAR(product.mean.item<double>(), oracle["expected"]["mu"], oracle["tolerance"]["abs"]);
  EXPECT_NEAR(product.variance.item<double>(), oracle["expected"]["var"], oracle["tolerance"]["abs"]);
}

TEST(Fusion, OrderOfModalitiesDoesNotMatter) {
  for (const Fusion kind : {Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts}) {
    const auto made = fusion(kind);
    const std::vector<at::Tensor> f = features(3);
    EXPECT_TRUE(torch::allclose(made->forward({f[0], f[1], f[2]}), made->forward({f[2], f[0], f[1]}))) << static_cast<int>(kind);
  }
}

TEST(Fusion, GradientsAreThoseOfFiniteDifferences) {
  for (const Fusion kind : {Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts})
    for (const int modalities : {1, 2, 3}) {
      SCOPED_TRACE("fusion " + std::to_string(static_cast<int>(kind)) + " of " + std::to_string(modalities));
      const auto made = fusion(kind);
      const std::vector<at::Tensor> f = features(modalities);
      const at::Tensor direction = torch::randn({2, 4, 2, 2, 2}, kDouble);
      std::vector<std::pair<std::string, at::Tensor>> tensors;
      for (int m = 0; m < modalities; ++m) tensors.emplace_back("modality " + std::to_string(m), f[static_cast<std::size_t>(m)]);
      for (const auto& entry : made->named_parameters())
        if (modalities > 1 || entry.key().starts_with("mix") || kind == Fusion::kExperts) tensors.emplace_back(entry.key(), entry.value());
      test::expect_gradients([&] { return (made->forward(f) * direction).sum(); }, tensors);
    }
}

TEST(Fusion, RegionLogitsHaveGradientsToo) {
  const auto made = fusion(Fusion::kRegion);
  const std::vector<at::Tensor> f = features(2);
  test::expect_gradients([&] { return made->regions(f).square().sum(); }, {{"first", f[0]}, {"second", f[1]}});
}

}  // namespace
}  // namespace consilium::models
