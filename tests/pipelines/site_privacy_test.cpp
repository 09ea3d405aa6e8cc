#include "pipelines/site_privacy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/files.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

class SitePrivacyTest : public testing::Test {
 protected:
  SitePrivacyTest() {
    test::write_tiny_site(folder.path() / "site", "p", 4, 0, 11);
    settings.privacy = {.clip = 1, .noise_multiplier = 1.2, .delta = 1e-2, .sampling_rate = 0.5, .patches = 1};
    cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
  }
  SiteTrainer trainer(const std::string& state, const fl::PrivacyBudget& budget = {.delta = 1e-2}) const {
    return {"east", split_by_folders(cases, "site", settings), folder.path() / state, {}, c10::Device(c10::kCPU), SiteLedger{folder.path() / (state + "_ledger"), budget}};
  }
  fl::Update train(const std::string& state, std::int64_t round, const fl::PrivacyBudget& budget = {.delta = 1e-2}) const {
    return trainer(state, budget).train({round, settings.rounds, "", to_json(settings).dump()}, global);
  }
  std::vector<fl::BudgetEntry> entries(const std::string& state) const { return fl::read_budget_ledger(folder.path() / (state + "_ledger")); }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(test::tiny_training(9, 3), "tiny");
  std::vector<PreparedCase> cases;
  ModelState global = initial_model(settings).state();
};

TEST_F(SitePrivacyTest, ARoundIsChargedAndSaysItsEpsilonAndNoLoss) {
  const fl::Update update = train("a", 0);
  ASSERT_EQ(entries("a").size(), 1U);
  const fl::PrivacySpend& spend = entries("a")[0].spend;
  EXPECT_EQ(spend.releases, (fl::SampledGaussian{1.2, 0.5, 3}));
  const std::vector<fl::SampledGaussian> phases{spend.releases};
  EXPECT_NEAR(update.metrics.at("epsilon"), fl::epsilon_of(phases, 1e-2), 1e-9);
  EXPECT_EQ(update.metrics.at("delta"), 1e-2);
  EXPECT_EQ(update.metrics.count("loss"), 0U) << "a loss is outside the guarantee";
}

/// 8 patients, 100 steps of all of them, noise 4.08, the 21,759 numbers of the demo's small network: docs/results.md.
TEST_F(SitePrivacyTest, ASiteSaysThatItsPatientsAreTooFewForItsNumbers) {
  const TrainingPrivacy all{.clip = 0.1, .sampling_rate = 1};
  EXPECT_NEAR(signal_to_noise(all, 4.08, 100, 8, 21759), 0.133, 0.001);
  EXPECT_NEAR(signal_to_noise(all, 4.08, 100, 8, 175), 1.48, 0.01);
  const auto log_of = [&](const std::string& state) {
    testing::internal::CaptureStderr();
    SiteTrainer one = trainer(state);
    for (const std::int64_t round : {0, 1}) one.train({round, settings.rounds, "", to_json(settings).dump()}, global);
    return testing::internal::GetCapturedStderr();
  };
  const std::string told = log_of("all");
  const std::size_t first = told.find("next to nothing will be learnt");
  ASSERT_NE(first, std::string::npos) << told;
  EXPECT_EQ(told.find("next to nothing", first + 1), std::string::npos) << "once is enough";
  settings.trainable = {"output_block.*"};
  EXPECT_EQ(log_of("few").find("next to nothing"), std::string::npos);
}

TEST_F(SitePrivacyTest, ARoundThatIsRepeatedGivesTheSameBytesAndIsChargedOnce) {
  const std::string first = digest(train("a", 0).delta);
  EXPECT_EQ(digest(train("a", 0).delta), first);
  EXPECT_EQ(entries("a").size(), 1U);
}

TEST_F(SitePrivacyTest, TheSameRoundFromAnotherModelIsChargedAgainWithOtherNoise) {
  train("a", 0);
  global.tensors[0].values[0] += 1;
  train("a", 0);
  ASSERT_EQ(entries("a").size(), 2U);
  EXPECT_NE(entries("a")[0].spend.draw, entries("a")[1].spend.draw);
}

TEST_F(SitePrivacyTest, OtherPatientsGetOtherNoise) {
  train("a", 0);
  for (PreparedCase& c : cases) c.sample.image[0] += 1;
  train("a", 0);
  EXPECT_EQ(entries("a").size(), 2U);
}

TEST_F(SitePrivacyTest, SecretNoiseIsTheSitesAloneAndSeededNoiseIsNot) {
  EXPECT_NE(digest(train("a", 0).delta), digest(train("b", 0).delta));
  settings.privacy.noise = NoiseOrigin::kSeeded;
  EXPECT_EQ(digest(train("c", 0).delta), digest(train("d", 0).delta));
}

TEST_F(SitePrivacyTest, ABudgetEndsTheTrainingBeforeItWouldBePassed) {
  const double one = train("free", 0).metrics.at("epsilon");
  const fl::PrivacyBudget budget{.epsilon_per_run = one * 1.01, .delta = 1e-2};
  EXPECT_NO_THROW(train("a", 0, budget));
  EXPECT_THAT(test::refusal(ErrorCode::kRefused, [&] { train("a", 1, budget); }), testing::HasSubstr("epsilon_per_run"));
  EXPECT_EQ(entries("a").size(), 1U);
}

TEST_F(SitePrivacyTest, NoiseThatTheCoordinatorKnowsIsRefusedWhereThereIsABudget) {
  settings.privacy.noise = NoiseOrigin::kSeeded;
  EXPECT_THAT(test::refusal(ErrorCode::kRefused, [&] { train("a", 0, {.epsilon_per_year = 100, .delta = 1e-2}); }), testing::HasSubstr("seed"));
  EXPECT_TRUE(entries("a").empty());
}

TEST_F(SitePrivacyTest, AGoalForEpsilonIsReachedAfterAllRounds) {
  settings.privacy.noise_multiplier = 0;
  settings.privacy.epsilon = 3;
  double epsilon = 0;
  for (std::int64_t round = 0; round < 3; ++round) epsilon = train("a", round).metrics.at("epsilon");
  EXPECT_LE(epsilon, 3);
  EXPECT_GT(epsilon, 2.9);
}

TEST_F(SitePrivacyTest, AValidationIsHiddenOrNoisyOrPlainAsTheSettingsSay) {
  const auto validate = [&](PrivateValidation kind, double noise, const std::string& base = "base") {
    settings.privacy.validation = kind;
    settings.privacy.validation_noise = noise;
    return trainer("v").validate({1, settings.rounds, base, to_json(settings).dump()}, global);
  };
  EXPECT_EQ(validate(PrivateValidation::kOff, 0).cases, 0);
  EXPECT_TRUE(entries("v").empty());
  const fl::Validation plain = validate(PrivateValidation::kPlain, 0);
  EXPECT_GT(plain.cases, 0);
  const fl::Validation noisy = validate(PrivateValidation::kNoisy, 0.2);
  EXPECT_EQ(validate(PrivateValidation::kNoisy, 0.2), noisy);
  ASSERT_EQ(entries("v").size(), 1U) << "the same score with the same noise is charged once";
  EXPECT_EQ(entries("v")[0].spend.mechanism, "validation");
  // Another model, another noise. A score is held within [0, 1], so that one of them may be where it was: not all of twenty.
  std::set<double> scores;
  for (int n = 0; n < 20; ++n) scores.insert(validate(PrivateValidation::kNoisy, 0.2, std::to_string(n)).score);
  EXPECT_GT(scores.size(), 3U);
  EXPECT_EQ(entries("v").size(), 21U);
}

TEST_F(SitePrivacyTest, WhatTellsMoreThanTheGuaranteeCoversIsRefused) {
  const auto refused = [&](const Json& change, const std::string& words) {
    Json json = to_json(settings);
    json.merge_patch(change);
    EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { parse_training_settings(json, "doc"); }), testing::HasSubstr(words));
  };
  refused({{"local", {{"loss_batches", 4}}}}, "loss_batches");
  refused({{"clusters", {{"count", 2}, {"shared_rounds", 1}}}}, "clusters");
  refused({{"privacy", {{"epsilon", 3}}}}, "noise_multiplier");
  refused({{"privacy", {{"noise_multiplier", 0}}}}, "noise_multiplier");
  refused({{"privacy", {{"delta", 0}}}}, "delta");
  refused({{"privacy", {{"sampling_rate", 0}}}}, "sampling_rate");
  refused({{"privacy", {{"validation", "noisy"}}}}, "validation_noise");
  refused({{"privacy", {{"noise", "weak"}}}}, "noise");
}

}  // namespace
}  // namespace consilium::pipelines
