#include "pipelines/evaluation_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "pipelines/evaluation_result.h"
#include "pipelines/federation_task.h"
#include "pipelines/segment.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

class Evaluation : public testing::Test {
 protected:
  Evaluation() {
    for (const std::string& name : names) test::write_tiny_site(folder.path() / name, name, 1, 2, name == "east" ? 10 : 20);
    east = prepare_site(folder.path() / "east", settings, {imaging::label_scheme("brats2023")});
    west = prepare_site(folder.path() / "west", settings, {imaging::label_scheme("brats2023"), {"WT"}});
  }
  static std::vector<const PreparedCase*> test_cases(const std::vector<PreparedCase>& cases) { return {&cases[1], &cases[2]}; }

  fl::RunState run(bool judge) {
    EvaluationTrainer a(test_cases(east), settings, folder.path() / "state_east", judge), b(test_cases(west), settings, folder.path() / "state_west", judge);
    const fl::FederationSettings federation{.sites = names, .rounds = 0, .task = to_task(FederationTask::kEvaluate, {to_json(settings)}).dump()};
    return fl::run_in_process(federation, model, {{"east", &a}, {"west", &b}}, folder.path() / "hub").state;
  }

  TemporaryFolder folder;
  const std::vector<std::string> names{"east", "west"};
  TrainingSettings settings = parse_training_settings(test::tiny_training(), "tiny");
  std::vector<PreparedCase> east, west;
  const ModelState model = initial_model(settings).state();
};

TEST_F(Evaluation, OfAGivenModelIsOneLookWithoutTraining) {
  const fl::RunState state = run(true);
  ASSERT_EQ(state.reports.size(), 1U);
  EXPECT_EQ(digest(state.global), digest(model));
  const Json result = evaluation_result(state.reports[0]);
  const auto here = segment(to_segmenter(settings, model), east[1], settings), there = segment(to_segmenter(settings, model), east[2], settings);
  const double expected = (score(here, east[1], settings.target)[2].dice + score(there, east[2], settings.target)[2].dice) / 2;
  EXPECT_DOUBLE_EQ(result["sites"][0]["regions"]["ET"]["dice"].get<double>(), expected);
  EXPECT_FALSE(result["sites"][1]["regions"].contains("ET"));  // west's labels show the whole tumour only
  EXPECT_EQ(result["mean"]["WT"]["cases"], 4);
  EXPECT_EQ(state.reports[0].sites[1].validation.weight, 1.0 / 3);
}

TEST_F(Evaluation, LeavesPredictionsAndTheScoresOfEachCaseAtTheSite) {
  run(true);
  EXPECT_TRUE(fs::exists(folder.path() / "state_east" / "predictions" / (east[1].name + ".nii.gz")));
  EXPECT_EQ(read_json(folder.path() / "state_east" / "evaluation.json")["cases"].size(), 2U);
  const Json beside = read_json(folder.path() / "state_east" / "predictions" / (east[1].name + ".json"));
  EXPECT_EQ(beside.at("model"), digest(model));
  EXPECT_EQ(beside.at("labels"), east[1].name + ".nii.gz");
}

TEST_F(Evaluation, APredictionOnlySaysHowManyCasesThereWere) {
  const fl::RunState state = run(false);
  for (const fl::SiteOutcome& site : state.reports[0].sites) {
    EXPECT_EQ(site.metrics, (std::map<std::string, double>{{"segmented", 2}}));
    EXPECT_EQ(site.validation.cases, 0);
  }
  EXPECT_TRUE(fs::exists(folder.path() / "state_west" / "predictions" / (west[2].name + ".nii.gz")));
  EXPECT_FALSE(fs::exists(folder.path() / "state_west" / "evaluation.json"));
}

TEST_F(Evaluation, TrainsNothing) {
  EvaluationTrainer trainer(test_cases(east), settings, folder.path() / "state", true);
  EXPECT_THAT(test::refusal(ErrorCode::kUnsupported, [&] { trainer.train({0, 1, "", ""}, model); }), testing::HasSubstr("no round"));
}

}  // namespace
}  // namespace consilium::pipelines
