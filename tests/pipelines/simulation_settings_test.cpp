#include "pipelines/simulation_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

Json valid() {
  return {{"sites", {{{"name", "east"}}, {{"name", "west"}, {"folder", "far/west"}, {"scheme", "msd"}}}},
          {"training", test::tiny_training()}};
}

std::string refused(const std::string& pointer, const Json& value) {
  Json json = valid();
  json[Json::json_pointer(pointer)] = value;
  return refusal(ErrorCode::kUsage, [&] { parse_simulation_settings(json, "sim.json"); });
}

TEST(SimulationSettings, ComeBackFromTheirJsonWithWhatFollowsFilledIn) {
  const SimulationSettings settings = parse_simulation_settings(valid(), "sim.json");
  EXPECT_EQ(settings.sites[0].folder, "east");
  EXPECT_EQ(settings.sites[1].folder, "far/west");
  EXPECT_EQ(settings.picture_channel, "FLAIR");
  EXPECT_EQ(to_json(parse_simulation_settings(to_json(settings), "again")), to_json(settings));
}

TEST(SimulationSettings, ClustersAreRefusedWithWhatTheyDoNotGoTogetherWith) {
  Json json = valid();
  json["training"]["clusters"] = {{"count", 2}, {"shared_rounds", 1}};
  EXPECT_EQ(parse_simulation_settings(json, "sim.json").training.clusters.count, 2);
  const auto with = [&](const std::string& pointer, const Json& value) {
    Json changed = json;
    changed[Json::json_pointer(pointer)] = value;
    return refusal(ErrorCode::kUsage, [&] { parse_simulation_settings(changed, "sim.json"); });
  };
  EXPECT_THAT(with("/topology", "swarm"), HasSubstr("sim.json.topology: training.clusters needs topology coordinator"));
  EXPECT_THAT(with("/compression", {{"codec", "topk"}}), HasSubstr("sim.json.compression"));
  EXPECT_THAT(with("/aggregation", {{"rule", "median"}}), HasSubstr("sim.json.aggregation.rule"));
  EXPECT_THAT(with("/training/personal", {"output_block.*"}), HasSubstr("sim.json.training.personal"));
  EXPECT_THAT(with("/training/local", {{"control_variates", "mean_gradient"}}), HasSubstr("SCAFFOLD"));
  EXPECT_THAT(with("/training/clusters/shared_rounds", 3), HasSubstr("3 of 3 rounds"));
  EXPECT_THAT(with("/training/clusters/shares", 3), HasSubstr("sim.json.training.clusters"));
  json["compression"] = {{"codec", "stochastic"}};
  json["aggregation"] = {{"rule", "fedadam"}};
  EXPECT_NO_THROW(parse_simulation_settings(json, "sim.json"));
}

TEST(SimulationSettings, WrongOnesAreRefusedByName) {
  EXPECT_THAT(refused("/trainig", Json::object()), testing::AllOf(HasSubstr("sim.json"), HasSubstr("did you mean \"training\"")));
  EXPECT_THAT(refused("/sites/0/scheem", "msd"),
              testing::AllOf(HasSubstr("sim.json.sites[0]"), HasSubstr("did you mean \"scheme\"")));
  EXPECT_THAT(refused("/training/stesp", 1), testing::AllOf(HasSubstr("sim.json.training"), HasSubstr("did you mean \"steps\"")));
  EXPECT_THAT(refused("/schema", "consilium.training/1"),
              testing::AllOf(HasSubstr("sim.json.schema"), HasSubstr("consilium.simulation/1")));
  EXPECT_THAT(refused("/sites", {{{"name", "alone"}}}), testing::AllOf(HasSubstr("sim.json.sites"), HasSubstr("two")));
  EXPECT_THAT(refused("/sites", "east"), HasSubstr("sim.json.sites"));
  EXPECT_THAT(refused("/sites/1", {{"folder", "x"}}), testing::AllOf(HasSubstr("sites[1]"), HasSubstr("\"name\" is missing")));
  EXPECT_THAT(refused("/sites/1/name", "east"), testing::AllOf(HasSubstr("east"), HasSubstr("twice")));
  EXPECT_THAT(refused("/sites/1/name", "../west"), HasSubstr("../west"));
  EXPECT_THAT(refused("/sites/1/name", ".."), HasSubstr("\"..\""));  // it becomes a folder
  EXPECT_THAT(refused("/sites/1/name", ""), HasSubstr("no site name"));
  EXPECT_THAT(refused("/sites/1/name", "pooled"), HasSubstr("pooled"));
  EXPECT_THAT(refused("/sites/1/scheme", "brats2022"), HasSubstr("brats2022"));
  EXPECT_THAT(refused("/models", {"single", "pool"}), testing::AllOf(HasSubstr("sim.json.models"), HasSubstr("\"pool\"")));
  EXPECT_THAT(refused("/models", Json::array()), HasSubstr("sim.json.models"));
  EXPECT_THAT(refused("/quorum", 3), HasSubstr("sim.json.quorum"));
  EXPECT_THAT(refused("/compression", {{"codec", "gzip"}}), testing::AllOf(HasSubstr("sim.json.compression"), HasSubstr("gzip")));
  EXPECT_THAT(refused("/compression", {{"codec", "topk"}, {"bits", 4}}), testing::AllOf(HasSubstr("sim.json.compression"), HasSubstr("bits")));
  EXPECT_THAT(refused("/deadline_seconds", 0), HasSubstr("sim.json.deadline_seconds"));
  EXPECT_THAT(refused("/topology", "star"), testing::AllOf(HasSubstr("sim.json.topology"), HasSubstr("swarm")));
  EXPECT_THAT(refused("/folds", 1), HasSubstr("sim.json.folds"));
  EXPECT_THAT(refused("/folds", -2), HasSubstr("sim.json.folds"));
  EXPECT_THAT(refused("/picture_channel", "PET"), testing::AllOf(HasSubstr("sim.json.picture_channel"), HasSubstr("PET")));
  EXPECT_THAT(refused("/sites/1/annotated", {"NCR"}), testing::AllOf(HasSubstr("sim.json.sites[1].annotated"), HasSubstr("NCR")));
  EXPECT_THAT(refused("/statistics", {{"bins", 1}}), HasSubstr("sim.json.statistics.bins"));
  EXPECT_THAT(refused("/minimum_count", 0), HasSubstr("sim.json.minimum_count"));
  EXPECT_THAT(refused("/training/fit/partial_labels/loss", "none"), HasSubstr("partial_labels.loss"));
  EXPECT_THAT(refused("/training/fit/partial_labels/temperature", 0), HasSubstr("temperature"));
  EXPECT_THAT(refused("/training/fit/partial_labels", {{"loss", "naive"}, {"distillation_weight", 1}}), HasSubstr("naive"));
  EXPECT_THAT(refused("/notes", "one"), HasSubstr("sim.json.notes"));
}

TEST(SimulationSettings, WhatASiteMarksAndWhatIsCountedIsKept) {
  Json json = valid();
  json["sites"][1]["annotated"] = {"WT", "enhancing"};
  json["sites"][1]["judged_in_full"] = true;
  json["sites"][1]["strata"] = {{"scanner", "1.5 T"}};
  json["statistics"] = {{"channels", {"FLAIR"}}};
  const SimulationSettings settings = parse_simulation_settings(json, "sim.json");
  EXPECT_EQ(labels_of(settings.sites[1]).annotated, (std::vector<std::string>{"WT", "enhancing"}));
  EXPECT_EQ(settings.statistics->bins, 256);
  EXPECT_EQ(to_json(parse_simulation_settings(to_json(settings), "again")), to_json(settings));
}

TEST(SimulationSettings, ARuleThatDoesNotFitWhatSitesDoIsRefusedBeforeTheRun) {
  EXPECT_THAT(refused("/aggregation", {{"rule", "scaffold"}}), testing::AllOf(HasSubstr("sim.json.aggregation.rule"), HasSubstr("control_variates")));
  EXPECT_THAT(refused("/training/local", {{"control_variates", "mean_gradient"}}), HasSubstr("needs the rule scaffold"));
  Json json = valid();
  json["aggregation"] = {{"rule", "scaffold"}};
  json["training"]["local"] = {{"control_variates", "mean_gradient"}};
  EXPECT_EQ(parse_simulation_settings(json, "sim.json").training.local.control_variates, ControlVariates::kMeanGradient);
  json["training"]["local"]["control_variates"] = "option_2";
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_simulation_settings(json, "sim.json"); }), testing::AllOf(HasSubstr("sim.json.training.local"), HasSubstr("plain SGD")));
}

TEST(SimulationSettings, WithoutCoordinatorRefuseWhatPeersCannotDo) {
  const auto refused_with = [](const char* topology, const char* key, const Json& value) {
    Json json = valid();
    json["topology"] = topology;
    json[key] = value;
    return refusal(ErrorCode::kUsage, [&] { parse_simulation_settings(json, "sim.json"); });
  };
  EXPECT_THAT(refused_with("ring", "aggregation", {{"rule", "fedadam"}}), HasSubstr("sim.json.aggregation"));
  EXPECT_THAT(refused_with("swarm", "quorum", 1), testing::AllOf(HasSubstr("sim.json.quorum"), HasSubstr("more than half")));
  EXPECT_THAT(refused_with("gossip", "quorum", 2), HasSubstr("sim.json.quorum"));
  EXPECT_THAT(refused_with("swarm", "policy", {{"close_after", 1}}), HasSubstr("sim.json.policy"));
  Json good = valid();
  good["topology"] = "swarm";
  good["aggregation"] = {{"rule", "fedadam"}};
  good["policy"] = {{"late", "merge"}};
  EXPECT_EQ(parse_simulation_settings(good, "sim.json").topology, fl::Topology::kSwarm);
}

}  // namespace
}  // namespace consilium::pipelines
