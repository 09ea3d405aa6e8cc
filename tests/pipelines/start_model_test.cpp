#include "pipelines/start_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/privacy/clip.h"
#include "pipelines/segment.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"
#include "pipelines/trainable.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;
using test::refusal;

class StartModelTest : public testing::Test {
 protected:
  StartModelTest() {
    test::write_tiny_site(folder.path() / "site", "p", 3, 0, 11);
    cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
    TrainingSettings other = settings;
    other.seed = 99;
    write_model(file, initial_model(other).state(), other);
  }
  ModelState trained_alone() {
    const auto split = split_by_folders(cases, "site", settings);
    return train_model("model", {{"site", split.train, split.validation}}, settings, folder.path() / "run", {}, file).best;
  }

  TemporaryFolder folder;
  const fs::path file = folder.path() / "public.safetensors";
  TrainingSettings settings = parse_training_settings(test::tiny_training(9, 3), "tiny");
  std::vector<PreparedCase> cases;
};

std::map<std::string, std::vector<float>> by_name(const ModelState& model) {
  std::map<std::string, std::vector<float>> values;
  for (const NamedTensor& tensor : model.tensors) values[tensor.name] = tensor.values;
  return values;
}

TEST_F(StartModelTest, TrainingBeginsWithTheFilesWeights) {
  EXPECT_EQ(digest(starting_model(settings, {}).state()), digest(initial_model(settings).state()));
  begin_with(file, settings);
  EXPECT_EQ(digest(starting_model(settings, file).state()), settings.start_digest);
  EXPECT_NE(settings.start_digest, digest(initial_model(settings).state()));
  EXPECT_EQ(parse_training_settings(to_json(settings), "again").start_digest, settings.start_digest) << "it travels with the plan";
}

TEST_F(StartModelTest, OtherWeightsOrAnotherNetworkAreRefused) {
  EXPECT_THAT(refusal(ErrorCode::kNotFound, [&] { begin_with(folder.path() / "none.safetensors", settings); }), HasSubstr("none.safetensors"));
  begin_with(file, settings);
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { starting_model(settings, {}); }), HasSubstr("--start"));
  write_model(file, initial_model(settings).state(), settings);
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { starting_model(settings, file); }), HasSubstr("public.safetensors"));
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { begin_with(file, settings); }), HasSubstr("start_digest"));
  TrainingSettings wider = settings;
  wider.start_digest.clear();
  wider.model.filters.back() *= 2;
  begin_with(file, wider);
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { starting_model(wider, file); }), HasSubstr("does not fit the network"));
}

TEST_F(StartModelTest, OnlyWhatIsTrainableMoves) {
  begin_with(file, settings);
  settings.trainable = {"output_block.*"};
  const auto before = by_name(starting_model(settings, file).state()), after = by_name(trained_alone());
  for (const auto& [name, values] : before) EXPECT_EQ(values != after.at(name), name.starts_with("output_block.")) << name;
}

TEST_F(StartModelTest, OnlyWhatIsTrainableIsSent) {
  settings.trainable = {"output_block.*"};
  const ModelState global = initial_model(settings).state();
  std::vector<std::string> names;
  SiteTrainer trainer("east", split_by_folders(cases, "site", settings), folder.path() / "state");
  for (const NamedTensor& tensor : trainer.train({0, settings.rounds, "", to_json(settings).dump()}, global).delta.tensors) names.push_back(tensor.name);
  ASSERT_FALSE(names.empty());
  EXPECT_THAT(names, Each(StartsWith("output_block.")));
}

/// Noise on what is frozen would not be seen in what is sent, but in the norm that is clipped.
TEST_F(StartModelTest, PrivacyClipsAndNoisesOnlyWhatIsTrainable) {
  settings.privacy = {.clip = 1e-6, .noise_multiplier = 0.01, .sampling_rate = 1, .noise = NoiseOrigin::kSeeded};
  settings.fit.optimiser = {.kind = models::OptimiserKind::kSgd, .learning_rate = 1, .poly_power = 0, .weight_decay = 0, .momentum = 0};
  settings.trainable = {"output_block.*"};
  const ModelState global = initial_model(settings).state();
  SiteTrainer trainer("east", split_by_folders(cases, "site", settings), folder.path() / "state");
  const fl::Update update = trainer.train({0, settings.rounds, "", to_json(settings).dump()}, global);
  const double length = fl::l2_norm(update.delta);
  const auto steps = static_cast<double>(steps_of_round(settings, 0).count);
  EXPECT_LT(length, 1.1e-6 * steps) << "every step is at most as long as the clip, and the noise on so few numbers is small";
  EXPECT_GT(length, 1e-8);
}

TEST_F(StartModelTest, WhatDoesNotGoTogetherIsRefused) {
  const auto with = [&](const char* pointer, const Json& value) {
    Json json = test::tiny_training(9, 3);
    json["trainable"] = {"output_block.*"};
    json[Json::json_pointer(pointer)] = value;
    return refusal(ErrorCode::kUsage, [&] { parse_training_settings(json, "tiny"); });
  };
  EXPECT_THAT(with("/local/control_variates", "mean_gradient"), HasSubstr("tiny.trainable"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { untrained_tensors({"output_block.*", "nothing.*"}, initial_model(settings).state()); }), HasSubstr("\"nothing.*\""));
  fl::ProtectionSettings noisy;
  noisy.privacy.emplace();
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { require_noise_fits(noisy, {{"trainable", {"output_block.*"}}}, "coordinator"); }), HasSubstr("coordinator.protection.privacy"));
  require_noise_fits(noisy, to_json(settings), "coordinator");
}

}  // namespace
}  // namespace consilium::pipelines
