#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/proximal_module.h"
#include "tests/support/shared_data.h"

namespace consilium::models {
namespace {

const char* const kFile = "oracles/algorithms.json";

struct OneWeight : torch::nn::Module {
  explicit OneWeight(double value) : w(register_parameter("w", torch::full({1}, value, torch::kFloat64))) {}
  at::Tensor w;
};

TEST(ProximalTerm, TwoStepsAreTheOracles) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "fedprox_grad");
  const Json& input = oracle["input"];
  OneWeight module(input["w_global"]);
  const ProximalTerm term(module, input["mu"]);
  for (const Json& expected : oracle["expected"]["w"]) {
    module.zero_grad();
    (0.5 * (module.w - 3).pow(2)).sum().backward();
    term.add_to_gradients();
    const torch::NoGradGuard no_graph;
    module.w.sub_(module.w.grad(), input["lr"].get<double>());
    EXPECT_NEAR(module.w.item<double>(), expected, oracle["tolerance"]["abs"]);
  }
}

TEST(ProximalTerm, WithoutMuNothingIsAddedAndNothingCopied) {
  OneWeight module(1);
  const ProximalTerm term(module, 0);
  (0.5 * (module.w - 3).pow(2)).sum().backward();
  module.w.data().add_(1);
  term.add_to_gradients();
  EXPECT_EQ(module.w.grad().item<double>(), -2);
}

TEST(ProximalTerm, AParameterWithoutGradientIsLeftAlone) {
  OneWeight module(1);
  const ProximalTerm term(module, 1);
  module.w.data().add_(1);
  term.add_to_gradients();
  EXPECT_FALSE(module.w.grad().defined());
}

}  // namespace
}  // namespace consilium::models
