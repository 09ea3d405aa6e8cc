#include "pipelines/attack/poison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

/// Seven tiny hospitals, two of them hostile, and a network that learns to find the tumour in seconds.
class PoisonTest : public testing::Test {
 protected:
  PoisonTest() {
    Json sites = Json::array();
    for (int n = 0; n < 7; ++n) {
      const std::string name = "s" + std::to_string(n);
      test::write_tiny_site(folder.path() / "data" / name, name, 2, 1, 100 * static_cast<std::uint64_t>(n + 1));
      sites.push_back({{"name", name}});
    }
    Json training = test::tiny_training(60, 6);
    training["target"] = "whole_tumour";
    training["fit"]["patch"] = {16, 16, 16};
    training["fit"]["optimiser"] = {{"learning_rate", 0.03}};
    training["validation_cases"] = 0;
    json = {{"simulation", {{"data", "data"}, {"sites", sites}, {"training", training}}}, {"attackers", {"s5", "s6"}}};
  }
  PoisonResults attack(const std::string& out) const { return attack_by_poisoning(parse_poison_settings(json, "attack.json", folder.path()), folder.path() / "data", folder.path() / out); }

  TemporaryFolder folder;
  Json json;
};

TEST_F(PoisonTest, TheRecommendedRuleKeepsTheDiceUnderEveryKind) {
  json["rules"] = {{{"rule", "multi_krum"}, {"attackers", 2}}};
  const PoisonResults results = attack("out");
  ASSERT_EQ(results.attacks.size(), fl::attack_words().size());
  EXPECT_GT(results.run("none", "multi_krum").dice, 0.6);
  for (const std::string& attack : results.attacks) EXPECT_LE(results.drop(attack, "multi_krum"), 0.03) << attack;
  for (const char* attack : {"sign_flip", "scaling"}) EXPECT_EQ(results.run(attack, "multi_krum").attackers_excluded, 1) << attack;
}

TEST_F(PoisonTest, ThePlainMeanIsLostToTheStrongOnes) {
  json["attacks"] = {{{"kind", "sign_flip"}}, {{"kind", "scaling"}}, {{"kind", "gaussian"}}, {{"kind", "sybil"}}};
  json["rules"] = {{{"rule", "fedavg"}}};
  const PoisonResults results = attack("out");
  EXPECT_GT(results.run("none", "fedavg").dice, 0.6);
  for (const std::string& attack : results.attacks) EXPECT_GT(results.drop(attack, "fedavg"), 0.2) << attack;
}

TEST_F(PoisonTest, IsRepeatedByteForByteAndReadWhereItIsDone) {
  json["simulation"]["training"]["steps"] = 4;
  json["simulation"]["training"]["rounds"] = 2;
  json["attacks"] = {{{"kind", "alie"}}, {{"kind", "sybil"}}, {{"kind", "free_rider"}}, {{"kind", "backdoor"}}};
  json["rules"] = {{{"rule", "norm_bound"}}};
  const auto dice = [](const PoisonResults& results) {
    Json found;
    for (PoisonRun run : results.runs) run.seconds = 0, found.push_back(to_json(run));
    return found;
  };
  const PoisonResults first = attack("a");
  EXPECT_EQ(dice(first), dice(attack("b")));
  const auto written = fs::last_write_time(folder.path() / "a/runs/alie_norm_bound/result.json");
  EXPECT_EQ(to_json(attack("a")), to_json(first));
  EXPECT_EQ(fs::last_write_time(folder.path() / "a/runs/alie_norm_bound/result.json"), written);
  EXPECT_TRUE(first.run("backdoor", "norm_bound").rule == "norm_bound");
  json["attackers"] = {"s6"};
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { attack("a"); }), HasSubstr("other settings"));
}

TEST_F(PoisonTest, SettingsThatCannotBeMeantAreRefusedByName) {
  const auto refused = [&](const Json& patch) {
    Json changed = json;
    changed.merge_patch(patch);
    return test::refusal(ErrorCode::kUsage, [&] { parse_poison_settings(changed, "attack.json", folder.path()); });
  };
  EXPECT_THAT(refused({{"attackers", {"s9"}}}), HasSubstr("attack.json.attackers: \"s9\" is none of the sites"));
  EXPECT_THAT(refused({{"attackers", {"s0", "s1", "s2", "s3"}}}), HasSubstr("4 of 7 sites"));
  EXPECT_THAT(refused({{"attackers", Json::array()}}), HasSubstr("attackers"));
  EXPECT_THAT(refused({{"simulation", {{"start", "model.safetensors"}}}}), HasSubstr("attack.json.simulation.start"));
  EXPECT_THAT(refused({{"atacks", Json::array()}}), HasSubstr("did you mean \"attacks\""));
  EXPECT_THAT(refused({{"rules", {{{"rule", "bulyan"}, {"attackers", 2}}}}}), HasSubstr("rules[0]"));
  EXPECT_THAT(refused({{"simulation", nullptr}}), HasSubstr("attack.json.simulation"));
  EXPECT_THAT(refused({{"simulation", {{"folds", 2}}}}), HasSubstr("without folds"));
  EXPECT_THAT(refused({{"simulation", {{"protection", {{"secure_aggregation", Json::object()}}}}}}), HasSubstr("protection"));
  EXPECT_EQ(test::refusal(ErrorCode::kNotFound, [&] { parse_poison_settings({{"simulation", "none.json"}, {"attackers", {"a"}}}, "attack.json", folder.path()); }).empty(), false);
}

TEST_F(PoisonTest, NoFederationKnowsAttackers) {
  Json simulation = json["simulation"];
  simulation["attackers"] = {"s6"};
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { parse_simulation_settings(simulation, "simulation.json"); }), HasSubstr("attackers"));
}

TEST_F(PoisonTest, EveryKindAndEveryRuleThatHasEnoughSitesAreTriedByDefault) {
  const PoisonSettings settings = parse_poison_settings(json, "attack.json", folder.path());
  EXPECT_EQ(settings.attacks.size(), fl::attack_words().size());
  EXPECT_EQ(names_of(settings.rules), (std::vector<std::string>{"fedavg", "norm_bound", "median", "trimmed_mean", "krum", "multi_krum", "geometric_median"}));
}

}  // namespace
}  // namespace consilium::pipelines
