#include "pipelines/site_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipelines/segment.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

class SiteTrainerTest : public testing::Test {
 protected:
  SiteTrainerTest() {
    test::write_tiny_site(folder.path() / "site", "p", 3, 0, 11);
    cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
  }
  SiteTrainer trainer(const char* state, const std::string& name = "east") const {
    return {name, split_by_folders(cases, "site", settings), folder.path() / state};
  }
  fl::RoundPlan plan(std::int64_t round) const { return {round, settings.rounds, "", to_json(settings).dump()}; }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(test::tiny_training(9, 3), "tiny");
  std::vector<PreparedCase> cases;
  ModelState global = initial_model(settings).state();
};

/// The global model after a round in which this site was alone.
ModelState moved(ModelState global, const fl::Update& update) {
  for (std::size_t t = 0; t < global.tensors.size(); ++t)
    for (std::size_t n = 0; n < global.tensors[t].values.size(); ++n)
      global.tensors[t].values[n] += update.delta.tensors[t].values[n];
  return global;
}

TEST_F(SiteTrainerTest, ARoundThatIsRepeatedAfterAKillGivesTheSameBytes) {
  SiteTrainer steady = trainer("steady");
  ModelState at = global;
  std::vector<std::string> expected;
  std::vector<ModelState> globals;
  for (std::int64_t round = 0; round < 3; ++round) {
    globals.push_back(at);
    const fl::Update update = steady.train(plan(round), at);
    expected.push_back(digest(update.delta));
    at = moved(at, update);
  }
  EXPECT_NE(expected[0], expected[1]);
  // Killed in each round after its training, before its update was sent: the next process trains it again.
  for (std::int64_t round = 0; round < 3; ++round)
    for (int attempt = 0; attempt < 2; ++attempt)
      EXPECT_EQ(digest(trainer("killed").train(plan(round), globals[static_cast<std::size_t>(round)]).delta),
                expected[static_cast<std::size_t>(round)])
          << "round " << round;
}

TEST_F(SiteTrainerTest, TheOptimisersMemoryGoesFromRoundToRound) {
  SiteTrainer kept = trainer("kept");
  const ModelState next = moved(global, kept.train(plan(0), global));
  EXPECT_NE(digest(kept.train(plan(1), next).delta), digest(trainer("lost").train(plan(1), next).delta));
}

TEST_F(SiteTrainerTest, AProximalTermKeepsTheSiteNearTheGlobalModel) {
  const auto distance = [](const fl::Update& update) {
    double sum = 0;
    for (const NamedTensor& tensor : update.delta.tensors)
      for (const float value : tensor.values) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
  };
  const double free = distance(trainer("free").train(plan(0), global));
  settings.proximal_mu = 1000;  // AdamW rescales gradients: the term has to outweigh the loss's
  EXPECT_LT(distance(trainer("held").train(plan(0), global)), 0.5 * free);
}

TEST_F(SiteTrainerTest, PersonalTensorsStayAtTheSiteAndGoOnThere) {
  settings.personal = {"*.norm?.*"};
  SiteTrainer own = trainer("own");
  const fl::Update first = own.train(plan(0), global);
  ASSERT_LT(first.delta.tensors.size(), global.tensors.size());
  for (const NamedTensor& tensor : first.delta.tensors) EXPECT_EQ(tensor.name.find(".norm"), std::string::npos) << tensor.name << " was sent";
  // The norms of round 0 are those that round 1 starts with: a site that lost them trains to other weights.
  const std::string kept = digest(own.train(plan(1), global).delta);
  EXPECT_EQ(digest(own.train(plan(1), global).delta), kept) << "a repeated round";
  fs::remove(folder.path() / "own" / "personal_after_1.safetensors");
  EXPECT_NE(digest(own.train(plan(1), global).delta), kept);
}

TEST_F(SiteTrainerTest, NameAndSeedDecideWhatIsDrawn) {
  const std::string east = digest(trainer("a").train(plan(0), global).delta);
  EXPECT_EQ(digest(trainer("b").train(plan(0), global).delta), east);
  EXPECT_NE(digest(trainer("c", "west").train(plan(0), global).delta), east);
}

TEST_F(SiteTrainerTest, AnUpdateSaysWhatTrainedIt) {
  SiteTrainer east = trainer("a");
  const fl::Update update = east.train(plan(0), global);
  for (const NamedTensor& tensor : update.delta.tensors) EXPECT_EQ(update.cases_per_group.at(tensor.group), 2) << tensor.name;
  EXPECT_GT(update.metrics.at("loss"), 0);
  EXPECT_GT(update.metrics.at("seconds"), 0);
  require_same_layout(global, update.delta);
}

TEST_F(SiteTrainerTest, ValidationJudgesTheGlobalModelOnItsOwnCases) {
  SiteTrainer east = trainer("a");
  EXPECT_EQ(east.validate(plan(0), global).cases, 0) << "nobody judges the untrained model";
  const fl::Validation validation = east.validate(plan(1), global);
  EXPECT_EQ(validation.cases, 1);
  const SiteSplit split = split_by_folders(cases, "site", settings);
  EXPECT_EQ(validation.score, validation_score(to_segmenter(settings, global), split.validation, settings));
}

TEST_F(SiteTrainerTest, AFederationOfOneSiteTrainsAsTheSiteWouldAlone) {
  SiteTrainer east = trainer("a");
  ModelState at = global;
  for (std::int64_t round = 0; round < 3; ++round) at = moved(at, east.train(plan(round), at));
  const SiteSplit split = split_by_folders(cases, "site", settings);
  const TrainedModel alone = train_model("east", {{"east", split.train, {}}}, settings, folder.path() / "alone");
  // trained - global + global is not exact in float32, and training amplifies what is lost.
  constexpr float kTolerance = 1e-3F;
  for (std::size_t t = 0; t < at.tensors.size(); ++t)
    for (std::size_t n = 0; n < at.tensors[t].values.size(); ++n)
      ASSERT_NEAR(at.tensors[t].values[n], alone.best.tensors[t].values[n], kTolerance) << at.tensors[t].name;
}

TEST_F(SiteTrainerTest, ATaskOrModelThatIsWrongIsRefused) {
  SiteTrainer east = trainer("a");
  fl::RoundPlan wrong = plan(0);
  wrong.task = R"({"stpes": 3})";
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { east.train(wrong, global); }), testing::HasSubstr("task"));
  ModelState other = global;
  other.tensors.pop_back();
  test::refusal(ErrorCode::kMismatch, [&] { east.train(plan(0), other); });
}

TEST_F(SiteTrainerTest, ASiteOfOneRegionHasAThirdOfTheSayInValidation) {
  const auto whole_tumour = prepare_site(folder.path() / "site", settings, {imaging::label_scheme("brats2023"), {"WT"}});
  SiteTrainer partial("east", split_by_folders(whole_tumour, "site", settings), folder.path() / "partial");
  EXPECT_DOUBLE_EQ(partial.validate(plan(1), global).weight, 1.0 / 3);
  EXPECT_EQ(trainer("whole").validate(plan(1), global).weight, 1);
  const auto oedema = prepare_site(folder.path() / "site", settings, {imaging::label_scheme("brats2023"), {"oedema"}});
  EXPECT_EQ(SiteTrainer("east", split_by_folders(oedema, "site", settings), folder.path() / "none").validate(plan(1), global).cases, 0);
}

TEST_F(SiteTrainerTest, DistillationTeachesAPartialSiteMoreFromRoundToRound) {
  const auto whole_tumour = prepare_site(folder.path() / "site", settings, {imaging::label_scheme("brats2023"), {"WT"}});
  const auto trained = [&](const std::vector<PreparedCase>& with, double distillation, std::int64_t round, std::int64_t rounds = 3) {
    settings.fit.partial_labels.distillation_weight = distillation;
    const std::string state = "state_" + std::to_string(&with == &whole_tumour) + std::to_string(distillation);
    fl::RoundPlan of_rounds = plan(round);
    of_rounds.rounds = rounds;
    return digest(SiteTrainer("east", split_by_folders(with, "site", settings), folder.path() / state).train(of_rounds, global).delta);
  };
  EXPECT_EQ(trained(whole_tumour, 0, 0), trained(whole_tumour, 1, 0));  // the untrained model teaches nothing
  EXPECT_NE(trained(whole_tumour, 0, 1), trained(whole_tumour, 1, 1));
  EXPECT_EQ(trained(cases, 0, 1), trained(cases, 1, 1));  // complete labels leave nothing open
  // The weight is whole in the last round, and half of it in the second of three.
  EXPECT_EQ(trained(whole_tumour, 1.5, 1, 3), trained(whole_tumour, 0.75, 1, 2));
  EXPECT_NE(trained(whole_tumour, 0.75, 1, 3), trained(whole_tumour, 0.75, 1, 2));
}

}  // namespace
}  // namespace consilium::pipelines
