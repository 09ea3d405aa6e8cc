#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"
#include "models/local_terms_module.h"
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

TEST(ProximalTerm, AnAnchorMayLieElsewhere) {
  OneWeight module(1);
  const ProximalTerm term(module, 2, {{{"w", "", {1}, {4}}}});
  (0 * module.w).sum().backward();
  term.add_to_gradients();
  EXPECT_EQ(module.w.grad().item<double>(), 2 * (1 - 4));
  EXPECT_THROW(ProximalTerm(module, 2, {{{"v", "", {1}, {4}}}}), Error);
}

TEST(GradientShift, IsAddedToEveryStep) {
  OneWeight module(1);
  const GradientShift shift(module, {{{"w", "", {1}, {0.5F}}}});
  for (int step = 0; step < 2; ++step) {
    module.zero_grad();
    (3 * module.w).sum().backward();
    shift.add_to_gradients();
    EXPECT_EQ(module.w.grad().item<double>(), 3.5);
  }
  EXPECT_THROW(GradientShift(module, {{{"w", "", {2}, {0, 0}}}}), Error);
}

TEST(GradientRecord, HoldsTheMeanOfWhatTheLossLeft) {
  OneWeight module(1);
  GradientRecord record(module, true);
  for (const double slope : {1.0, 2.0, 6.0}) {
    module.zero_grad();
    (slope * module.w).sum().backward();
    record.add();
    module.w.mutable_grad().add_(100);  // what a correction adds afterwards is not recorded
  }
  EXPECT_EQ(record.mean().tensors[0].values[0], 3);
  EXPECT_TRUE(GradientRecord(module, false).mean().tensors.empty());
}

TEST(FrozenScope, ParametersTrainAgainAfterwards) {
  OneWeight module(1);
  {
    const FrozenScope scope(module, {"w"});
    EXPECT_FALSE(module.w.requires_grad());
  }
  EXPECT_TRUE(module.w.requires_grad());
  EXPECT_THROW(FrozenScope(module, {"v"}), Error);
}

}  // namespace
}  // namespace consilium::models
