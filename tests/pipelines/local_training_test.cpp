#include "pipelines/local_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

LocalTraining parsed(const Json& json) {
  LocalTraining settings;
  SettingsReader reader(json, "training.local");
  read_local_training(reader, settings);
  reader.finish();
  return settings;
}

struct Rest {
  bool personal = false;
  double proximal_mu = 0;
};
std::string inconsistent(const Json& json, const models::OptimiserOptions& optimiser, const Rest& rest = {}) {
  return refusal(ErrorCode::kUsage, [&] { require_consistent(parsed(json), optimiser, rest.personal, rest.proximal_mu, "training"); });
}

const models::OptimiserOptions kAdamW{};
const models::OptimiserOptions kPlainSgd{.kind = models::OptimiserKind::kSgd, .momentum = 0};
const models::OptimiserOptions kMomentum{.kind = models::OptimiserKind::kSgd, .momentum = 0.9};

TEST(LocalTraining, ComesBackFromItsJson) {
  const LocalTraining settings = parsed({{"epochs", 1.5}, {"control_variates", "option_2"}, {"ditto_lambda", 0.1}, {"loss_batches", 4}});
  EXPECT_EQ(parsed(to_json(settings)), settings);
  EXPECT_EQ(parsed(Json::object()), LocalTraining{});
}

TEST(LocalTraining, ValuesOutOfRangeAreRefusedByName) {
  for (const auto& [key, value] : std::map<std::string, Json>{{"epochs", -1}, {"feddc_alpha", -0.1}, {"ditto_lambda", -1}, {"head_share", 1}, {"loss_batches", -1}, {"control_variates", "option_1"}})
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&, key = key, value = value] { parsed({{key, value}}); }), HasSubstr("training.local." + key));
}

/// With AdamW or momentum the way that was gone is no multiple of the mean gradient.
TEST(LocalTraining, OptionTwoIsRefusedButForPlainSgd) {
  for (const auto& optimiser : {kAdamW, kMomentum}) EXPECT_THAT(inconsistent({{"control_variates", "option_2"}}, optimiser), HasSubstr("use mean_gradient"));
  require_consistent(parsed({{"control_variates", "option_2"}}), kPlainSgd, false, 0, "training");
  require_consistent(parsed({{"control_variates", "mean_gradient"}}), kAdamW, false, 0, "training");
}

TEST(LocalTraining, CombinationsThatMakeNoSenseAreRefused) {
  EXPECT_THAT(inconsistent({{"feddc_alpha", 0.1}}, kAdamW), HasSubstr("use optimiser sgd"));
  EXPECT_THAT(inconsistent({{"feddc_alpha", 0.1}, {"control_variates", "mean_gradient"}}, kMomentum), HasSubstr("twice"));
  EXPECT_THAT(inconsistent({{"control_variates", "mean_gradient"}}, kAdamW, {.proximal_mu = 0.1}), HasSubstr("training.proximal_mu"));
  EXPECT_THAT(inconsistent({{"control_variates", "mean_gradient"}}, kAdamW, {.personal = true}), HasSubstr("training.personal"));
  EXPECT_THAT(inconsistent({{"ditto_lambda", 0.1}}, kAdamW, {.personal = true}), HasSubstr("ditto_lambda"));
  EXPECT_THAT(inconsistent({{"head_share", 0.5}}, kAdamW), HasSubstr("name them in personal"));
  require_consistent(parsed({{"head_share", 0.5}}), kAdamW, true, 0, "training");
  require_consistent(parsed({{"ditto_lambda", 0.1}}), kAdamW, false, 0.1, "training");
}

TEST(LocalTraining, TheRuleHasToFitWhatSitesDo) {
  const auto unfit = [](const char* rule, const Json& local) {
    return refusal(ErrorCode::kUsage, [&] { require_rule_fits({{"rule", rule}}, {{"local", local}}, "sim.json"); });
  };
  EXPECT_THAT(unfit("scaffold", Json::object()), HasSubstr("needs training.local.control_variates"));
  EXPECT_THAT(unfit("scaffold", {{"control_variates", "off"}}), HasSubstr("needs training.local.control_variates"));
  EXPECT_THAT(unfit("fedavg", {{"control_variates", "option_2"}}), HasSubstr("needs the rule scaffold"));
  EXPECT_THAT(unfit("qfedavg", {{"loss_batches", 0}}), HasSubstr("loss_batches"));
  EXPECT_THAT(unfit("fedadam", {{"feddc_alpha", 0.1}}), HasSubstr("needs the rule fedavg"));
  require_rule_fits({{"rule", "scaffold"}}, {{"local", {{"control_variates", "mean_gradient"}}}}, "sim.json");
  require_rule_fits({{"rule", "fedavg"}}, {{"local", {{"feddc_alpha", 0.1}}}}, "sim.json");
  require_rule_fits({{"rule", "fedadam"}}, to_json(LocalTraining{}), "sim.json");
  require_rule_fits({{"rule", "fednova"}}, Json::array(), "sim.json");
}

TEST(LocalTraining, GossipWouldMixStemsThatWereNeverTrained) {
  const Json multimodal{{"model", {{"multimodal", {{"modalities", {{{"name", "CT"}, {"channels", 1}}}}}}}}};
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_topology_fits(fl::Topology::kGossip, multimodal, "sim"); }), HasSubstr("sim.topology: neighbours in gossip mix whole models"));
  for (const auto& [word, topology] : fl::topology_words()) {
    require_topology_fits(topology, Json::object(), "sim");
    if (topology != fl::Topology::kGossip) require_topology_fits(topology, multimodal, "sim");
  }
}

}  // namespace
}  // namespace consilium::pipelines
