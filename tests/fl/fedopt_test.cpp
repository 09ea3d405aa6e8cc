#include "fl/aggregate/fedopt.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "fl/aggregate/aggregation.h"
#include "fl/aggregate/fedavg.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

const char* const kFile = "oracles/algorithms.json";

ModelState model_of(const std::vector<float>& trunk, const std::vector<float>& head) {
  return {{{"a.weight", "trunk", {static_cast<std::int64_t>(trunk.size())}, trunk}, {"b.weight", "head", {static_cast<std::int64_t>(head.size())}, head}}};
}

Update update_of(const std::string& site, const ModelState& delta, std::int64_t trunk_cases, std::int64_t head_cases) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = delta, .cases_per_group = {{"trunk", trunk_cases}, {"head", head_cases}}};
}

FedOptSettings of(const Json& input) {
  return {input.at("eta"), input.at("beta1"), input.value("beta2", 0.99), input.at("tau")};
}

void expect_two_steps(const char* name, ServerOptimiser optimiser) {
  const Json oracle = test::oracle("algorithms", name);
  const FedOptSettings settings = of(oracle["input"]);
  double x = oracle["input"]["x0"];
  Moments moments{0, settings.tau * settings.tau};
  for (std::size_t n = 0; n < oracle["expected"].size(); ++n) {
    const Json& expected = oracle["expected"][n];
    x += fed_opt_step(optimiser, settings, oracle["input"]["delta"][n], moments);
    const double tolerance = oracle["tolerance"]["rel"];
    EXPECT_NEAR(x, expected["x"], tolerance * x);
    EXPECT_NEAR(moments.m, expected["m"], tolerance);
    EXPECT_NEAR(moments.v, expected["v"], tolerance);
  }
}

TEST(FedOpt, AdamStepsAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  expect_two_steps("fedadam_two_steps", ServerOptimiser::kFedAdam);
}

TEST(FedOpt, AdagradStepsAsTheOracle) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  expect_two_steps("fedadagrad_two_steps", ServerOptimiser::kFedAdagrad);
}

TEST(FedOpt, AdagradIsFlowersToo) {
  if (test::is_absent(kFile)) GTEST_SKIP() << test::kNeedsShared << kFile;
  const Json oracle = test::oracle("algorithms", "fedadagrad_flower");
  const Json& input = oracle["input"];
  const auto start = input["prev"].get<float>();
  std::vector<Update> updates;
  for (std::size_t n = 0; n < 2; ++n)
    updates.push_back(update_of("site_" + std::to_string(n), model_of({input["clients"][n].get<float>() - start}, {0}), input["n"][n], 1));
  FedOptMemory memory;
  memory.m = model_of({0}, {0});
  memory.v = model_of({0}, {0});  // Flower starts at 0, the paper at tau^2
  const ModelState result = fed_opt(ServerOptimiser::kFedAdagrad, of(input), model_of({start}, {0}), updates, memory);
  EXPECT_NEAR(result.tensors[0].values[0], oracle["expected"], oracle["tolerance"]["abs"]);
}

TEST(FedOpt, YogiMovesTheSquaresByTheSquareAndNotByTheirDistance) {
  const FedOptSettings settings{.learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .tau = 1e-3};
  Moments moments{0, 1e-6};
  // By hand: v < D^2 = 0.25, so v grows by 0.01 * 0.25; then v = 0.002501 < 0.04 grows by 0.0004; then v > 0.0001 shrinks by 0.000001.
  fed_opt_step(ServerOptimiser::kFedYogi, settings, 0.5, moments);
  EXPECT_NEAR(moments.v, 1e-6 + 0.0025, 1e-15);
  fed_opt_step(ServerOptimiser::kFedYogi, settings, -0.2, moments);
  EXPECT_NEAR(moments.v, 1e-6 + 0.0025 + 0.0004, 1e-15);
  const double step = fed_opt_step(ServerOptimiser::kFedYogi, settings, 0.01, moments);
  EXPECT_NEAR(moments.v, 1e-6 + 0.0025 + 0.0004 - 1e-6, 1e-15);
  EXPECT_NEAR(moments.m, 0.9 * (0.9 * 0.05 - 0.02) + 0.001, 1e-15);
  EXPECT_NEAR(step, 0.1 * moments.m / (std::sqrt(moments.v) + 1e-3), 1e-15);
}

TEST(FedOpt, MomentumWithoutMemoryIsFedAvg) {
  const ModelState global = model_of({1, 2, 3}, {4});
  const std::vector<Update> updates{update_of("a", model_of({0.5F, -1, 0}, {2}), 3, 3), update_of("b", model_of({1, 1, 1}, {-2}), 5, 1)};
  FedOptMemory memory;
  EXPECT_EQ(fed_opt(ServerOptimiser::kFedAvgM, {.learning_rate = 1, .beta1 = 0}, global, updates, memory), fed_avg(global, updates));
  EXPECT_TRUE(memory.v.tensors.empty()) << "momentum alone needs no squares";
}

TEST(FedOpt, MomentumGrowsWithRoundsThatAgree) {
  FedOptMemory memory;
  ModelState global = model_of({0}, {0});
  const std::vector<Update> updates{update_of("a", model_of({1}, {1}), 1, 1)};
  for (int round = 0; round < 3; ++round) global = fed_opt(ServerOptimiser::kFedAvgM, {.learning_rate = 1, .beta1 = 0.5}, global, updates, memory);
  EXPECT_EQ(global.tensors[0].values[0], 1 + 1.5F + 1.75F);
}

/// A group without news must not drift on by its momentum.
TEST(FedOpt, AGroupThatNobodyTrainedKeepsWeightsAndMoments) {
  FedOptMemory memory;
  const FedOptSettings settings{.learning_rate = 0.1};
  ModelState global = model_of({1}, {1});
  global = fed_opt(ServerOptimiser::kFedAdam, settings, global, std::vector{update_of("a", model_of({1}, {1}), 2, 2)}, memory);
  const FedOptMemory before = memory;
  const ModelState after = fed_opt(ServerOptimiser::kFedAdam, settings, global, std::vector{update_of("a", model_of({1}, {9}), 2, 0)}, memory);
  EXPECT_NE(after.tensors[0], global.tensors[0]);
  EXPECT_EQ(after.tensors[1], global.tensors[1]);
  EXPECT_EQ(memory.m.tensors[1], before.m.tensors[1]);
  EXPECT_EQ(memory.v.tensors[1], before.v.tensors[1]);
}

TEST(FedOpt, AMemoryOfAnotherModelIsRefusedAndLeftAlone) {
  FedOptMemory memory{model_of({0, 0}, {0}), model_of({0, 0}, {0})};
  const FedOptMemory before = memory;
  const auto go = [&] { fed_opt(ServerOptimiser::kFedAdam, {}, model_of({0}, {0}), {}, memory); };
  EXPECT_THROW(go(), Error);
  EXPECT_EQ(memory, before);
}

AggregationSettings parse(const Json& json) {
  AggregationSettings settings;
  SettingsReader reader(json, "aggregation");
  read_aggregation_settings(reader, settings);
  reader.finish();
  return settings;
}

TEST(AggregationSettings, ARuleKnowsItsOwnKeysOnly) {
  for (const char* rule : {"fedavg", "fedavgm", "fedadagrad", "fedadam", "fedyogi", "fedcostwavg", "fedpidavg"}) {
    const AggregationSettings settings = parse({{"rule", rule}});
    EXPECT_EQ(to_string(settings.rule), rule);
    EXPECT_EQ(parse(to_json(settings)), settings);
  }
  EXPECT_EQ(parse(Json::object()), AggregationSettings{});
  EXPECT_THROW(parse({{"rule", "fedavg"}, {"beta1", 0.9}}), Error);
  EXPECT_THROW(parse({{"rule", "fedavgm"}, {"tau", 0.1}}), Error);
  EXPECT_THROW(parse({{"rule", "fedadagrad"}, {"beta2", 0.9}}), Error);
  EXPECT_THROW(parse({{"rule", "fedcostwavg"}, {"history", 0.1}}), Error);
  EXPECT_THROW(parse({{"rule", "fedcostwavg"}, {"cases", 0}, {"progress", 0}}), Error);
  EXPECT_THROW(parse({{"rule", "fedmagic"}}), Error);
}

TEST(AggregationSettings, ValuesOutOfRangeAreRefused) {
  for (const auto& [key, value] : std::vector<std::pair<const char*, double>>{{"learning_rate", 0}, {"learning_rate", -1}, {"beta1", 1}, {"beta1", -0.1}, {"beta2", 1}, {"tau", 0}})
    EXPECT_THROW(parse({{"rule", "fedadam"}, {key, value}}), Error) << key << value;
}

}  // namespace
}  // namespace consilium::fl
