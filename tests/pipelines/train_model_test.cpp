#include "pipelines/train_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

class TrainModel : public testing::Test {
 protected:
  TrainModel() {
    test::write_tiny_site(folder.path() / "site", "p", 3, 0, 11);
    cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
  }

  std::vector<SiteCases> sites() const {
    const SiteSplit split = split_by_folders(cases, "site", settings);
    return {{"site", split.train, split.validation}};
  }
  TrainedModel train(const char* run, const std::function<void(std::int64_t, double)>& on_step = {}) const {
    return train_model("model", sites(), settings, folder.path() / run, on_step);
  }
  /// Trains until `steps` steps are done, as a kill would end it.
  void train_until(const char* run, std::int64_t steps) const {
    struct Kill {};
    std::int64_t done = 0;
    EXPECT_THROW(train(run,
                       [&](std::int64_t count, double) {
                         if ((done += count) >= steps) throw Kill();
                       }),
                 Kill);
  }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(test::tiny_training(8, 4), "tiny");
  std::vector<PreparedCase> cases;
};

/// All that a training gives but its time.
void expect_same(const TrainedModel& a, const TrainedModel& b) {
  EXPECT_EQ(digest(a.best), digest(b.best));
  EXPECT_EQ(a.summary.best_round, b.summary.best_round);
  ASSERT_EQ(a.summary.curve.size(), b.summary.curve.size());
  for (std::size_t n = 0; n < a.summary.curve.size(); ++n) {
    EXPECT_EQ(a.summary.curve[n].round, b.summary.curve[n].round);
    EXPECT_EQ(a.summary.curve[n].steps, b.summary.curve[n].steps);
    EXPECT_EQ(a.summary.curve[n].loss, b.summary.curve[n].loss);
    EXPECT_EQ(a.summary.curve[n].validation, b.summary.curve[n].validation);
  }
}

TEST_F(TrainModel, ARunThatWasStoppedAnywhereEndsInTheSameBytes) {
  const TrainedModel whole = train("whole");
  ASSERT_EQ(whole.summary.curve.size(), 4U);
  EXPECT_EQ(whole.summary.curve.back().steps, 8);
  EXPECT_NE(digest(whole.best), digest(initial_model(settings).state()));
  for (const std::int64_t steps : {1, 2, 3, 6, 7}) {
    const std::string run = "stopped_" + std::to_string(steps);
    train_until(run.c_str(), steps);
    std::int64_t counted = 0;
    expect_same(train(run.c_str(), [&](std::int64_t count, double) { counted += count; }), whole);
    EXPECT_EQ(counted, 8) << "steps that were found done are counted once";
  }
  train_until("often", 1);
  train_until("often", 3);
  train_until("often", 7);
  expect_same(train("often"), whole);
}

TEST_F(TrainModel, AFinishedTrainingIsNotRepeated) {
  const TrainedModel first = train("run");
  std::vector<std::int64_t> calls;
  expect_same(train("run", [&](std::int64_t steps, double) { calls.push_back(steps); }), first);
  EXPECT_THAT(calls, testing::ElementsAre(8));
}

TEST_F(TrainModel, OnlyWhatIsNeededToGoOnStaysOnDisk) {
  train("run");
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder.path() / "run")) files.insert(entry.path().filename().string());
  const std::string best = "best_" + std::to_string(train("run").summary.best_round) + ".safetensors";
  EXPECT_EQ(files, (std::set<std::string>{".lock", "progress.json", "weights_4.safetensors", best})) << "a finished training needs no optimiser";
}

TEST_F(TrainModel, SeedNameAndCasesChangeTheModel) {
  const std::string base = digest(train("base").best);
  EXPECT_NE(digest(train_model("other", sites(), settings, folder.path() / "other").best), base);
  settings.seed = 8;
  EXPECT_NE(digest(train("seed").best), base);
}

TEST_F(TrainModel, AFolderOfAnotherTrainingIsRefused) {
  train_until("run", 3);
  const auto refused = [&](TrainingSettings other, std::vector<SiteCases> of) {
    return refusal(ErrorCode::kMismatch, [&] { train_model("model", of, other, folder.path() / "run"); });
  };
  TrainingSettings other = settings;
  other.seed = 8;
  EXPECT_THAT(refused(other, sites()), testing::AllOf(HasSubstr("run"), HasSubstr("other settings, seed or cases")));
  other = settings;
  other.fit.optimiser.learning_rate /= 2;
  refused(other, sites());
  auto fewer = sites();
  fewer[0].train.pop_back();
  refused(settings, fewer);
  auto swapped = sites();
  std::swap(swapped[0].train[0], swapped[0].validation[0]);
  refused(settings, swapped);
}

TEST_F(TrainModel, ADamagedCheckpointIsNamedAndNotGuessed) {
  train_until("run", 5);
  const fs::path progress = folder.path() / "run" / "progress.json";
  const std::string whole = read_file(progress);
  Json json = parse_json(whole, "progress");
  json["curve"] = Json::array();
  write_file(progress, json.dump());
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { train("run"); }), HasSubstr("progress.json"));
  write_file(progress, whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { train("run"); }), HasSubstr("progress.json"));
  write_file(progress, whole);
  write_file(folder.path() / "run" / "weights_2.safetensors", "half");
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { train("run"); }), HasSubstr("weights_2.safetensors"));
  fs::remove(folder.path() / "run" / "weights_2.safetensors");
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { train("run"); }), HasSubstr("weights_2.safetensors"));
}

TEST_F(TrainModel, WithoutValidationTheLastModelIsTheBest) {
  settings.validation_cases = 0;
  const TrainedModel model = train("run");
  EXPECT_EQ(model.summary.best_round, 4);
  EXPECT_TRUE(model.summary.curve[0].validation.empty());
}

TEST_F(TrainModel, TheBestModelIsTheOneThatValidatesBest) {
  settings = parse_training_settings(test::tiny_training(40, 4), "tiny");
  const TrainedModel model = train("run");
  double best = -1;
  std::int64_t round = 0;
  for (const CurvePoint& point : model.summary.curve)
    if (point.validation.at("site") > best) best = point.validation.at("site"), round = point.round;
  EXPECT_EQ(model.summary.best_round, round);
}

}  // namespace
}  // namespace consilium::pipelines
