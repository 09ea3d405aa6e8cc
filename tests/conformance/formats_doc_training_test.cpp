#include <gtest/gtest.h>

#include "pipelines/attack/poison_settings.h"
#include "pipelines/join_federation.h"
#include "pipelines/simulation_settings.h"
#include "pipelines/training_settings.h"
#include "tests/conformance/formats_doc.h"
#include "tools/train_settings.h"

// The blocks of docs/formats.md whose readers need LibTorch.
namespace consilium {
namespace {

using test::documented;

TEST(FormatsDoc, TrainingSettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return pipelines::to_json(pipelines::parse_training_settings(json, "doc")); };
  const Json block = documented("training");
  EXPECT_EQ(parse(block), block);
  EXPECT_EQ(parse(Json::object()), block);
}

TEST(FormatsDoc, SgdHasTheDefaultsThatAreDocumented) {
  const Json sgd = pipelines::to_json(
      pipelines::parse_training_settings({{"fit", {{"optimiser", {{"kind", "sgd"}}}}}}, "doc"))["fit"]["optimiser"];
  EXPECT_EQ(sgd["learning_rate"], 0.01);
  EXPECT_EQ(sgd["weight_decay"], 0.00003);
}

TEST(FormatsDoc, SimulationSettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(pipelines::parse_simulation_settings(json, "doc")); };
  Json block = documented("simulation");
  const Json sites{{{"name", block["sites"][0]["name"]}}, {{"name", block["sites"][1]["name"]}}};
  const Json found = parse(block);
  EXPECT_EQ(parse({{"sites", sites}}), found);
  for (const char* place : {"data", "start"}) block.erase(place);  // not kept
  block["training"] = found["training"];
  EXPECT_EQ(found, block);
}

TEST(FormatsDoc, SiteSettingsAreTheProgramsWithTheirDefaults) {
  const auto parse = [](const Json& json) { return to_json(pipelines::parse_join_settings(json, "doc", "")); };
  const Json block = documented("join");
  EXPECT_EQ(parse(block), block);
  Json least;
  for (const char* key : {"name", "coordinator", "keys", "data", "folder"}) least[key] = block[key];
  EXPECT_EQ(parse(least), block);
}

TEST(FormatsDoc, AttackSettingsAreTheProgramsWithTheirDefaults) {
  const TemporaryFolder folder;
  Json block = documented("attack_poison");
  Json simulation = documented("simulation");
  simulation["sites"].push_back({{"name", block["attackers"][0]}});
  write_file(folder.path() / block["simulation"].get<std::string>(), simulation.dump());
  const auto parse = [&](const Json& json) { return to_json(pipelines::parse_poison_settings(json, "doc", folder.path())); };
  Json found = parse(block);
  found["simulation"] = block["simulation"];
  EXPECT_EQ(found, block);
  block["attacks"][0] = {{"kind", block["attacks"][0]["kind"]}};
  block["rules"][1].erase("cap");
  block["rules"][1].erase("bound");
  found["simulation"] = parse(block)["simulation"];
  EXPECT_EQ(parse(block), found);
}

TEST(FormatsDoc, TrainingFilesAreRead) {
  const auto settings = tools::parse_train_settings(documented("training_file"), "doc", "/base");
  ASSERT_EQ(settings.sites.size(), 1U);
  EXPECT_EQ(settings.sites[0].folder, "/base/data/site_a");
}

}  // namespace
}  // namespace consilium
