#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipelines/simulate.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

// A whole comparison of models on sites that own other machines, tiny.
namespace consilium::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Json settings_of(const Json& models) {
  Json training = test::tiny_training(4, 2);
  training["normalise"]["missing"] = "absent";
  training["model"]["multimodal"] = {{"modalities", {{{"name", "A"}}, {{"name", "B"}}}}};
  return {{"sites", {{{"name", "a_only"}, {"channels", {"T1ce"}}}, {{"name", "both"}}}}, {"models", models}, {"subsets", true}, {"training", training}};
}

class MultimodalSimulation : public testing::Test {
 protected:
  MultimodalSimulation() {
    test::write_tiny_site(folder.path() / "data" / "a_only", "p", 2, 1, 11);
    test::write_tiny_site(folder.path() / "data" / "both", "q", 2, 1, 12);
  }
  RunResults run(const Json& models) const {
    return simulate(parse_simulation_settings(settings_of(models), "sim"), folder.path() / "data", folder.path() / "run", federate_in_process);
  }
  TemporaryFolder folder;
};

std::vector<std::string> subsets_of(const RunResults& results, const std::string& model, const std::string& site) {
  std::vector<std::string> names;
  for (const SubsetResult& r : results.subsets)
    if (r.model == model && r.site == site) names.push_back(subset_name(r.channels));
  return names;
}

TEST_F(MultimodalSimulation, JudgesEveryModelOnEverySubsetThatItCanRunOn) {
  const RunResults results = run({"single", "federated", "ensemble"});
  for (const char* model : {"federated", "ensemble", "both"}) EXPECT_THAT(subsets_of(results, model, "a_only"), UnorderedElementsAre("T1ce", "FLAIR", "T1ce + FLAIR")) << model << ": test cases keep what their site does not own";
  EXPECT_THAT(subsets_of(results, "a_only", "both"), UnorderedElementsAre("T1ce", "T1ce + FLAIR")) << "it has never seen FLAIR";
  const SubsetMean alone = subset_mean(results.subsets, "a_only", "", {"T1ce"}), with_more = subset_mean(results.subsets, "a_only", "", {"T1ce", "FLAIR"});
  EXPECT_EQ(alone.dice, with_more.dice) << "and is given none";
  EXPECT_EQ(alone.cases, 2U);
  for (const char* file : {"models/ensemble_T1ce.safetensors", "models/ensemble_FLAIR.safetensors", "models/federated.safetensors", "subsets/federated/both.json"}) EXPECT_TRUE(fs::exists(folder.path() / "run" / file)) << file;
  EXPECT_EQ(results.alignment.model, "federated");
  EXPECT_EQ(results.alignment.retrieval.size(), 2U);
  EXPECT_EQ(results.alignment.retrieval[0].cases, 2);
  EXPECT_FALSE(results.alignment.gates.empty());
  EXPECT_GE(results.alignment.points.size(), 8U) << "two cases, two modalities: images, and classes";
  // Started again, it reads what it wrote, and comes to the same.
  EXPECT_EQ(to_json(run({"single", "federated", "ensemble"}).subsets), to_json(results.subsets));
}

TEST_F(MultimodalSimulation, AnUnknownChannelOfASiteIsRefused) {
  Json settings = settings_of({"federated"});
  settings["sites"][0]["channels"] = {"PET"};
  try {
    parse_simulation_settings(settings, "sim");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("sim.sites: site a_only: \"PET\" is none of training.normalise.channels"));
  }
}

}  // namespace
}  // namespace consilium::pipelines
