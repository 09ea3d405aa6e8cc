#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "pipelines/attack/adversarial.h"
#include "pipelines/attack/inversion.h"
#include "pipelines/attack/membership.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

/// A tiny hospital, and a network trained on its "train" folder until it knows these patients.
class ModelAttacks : public testing::Test {
 protected:
  ModelAttacks() { test::write_tiny_site(folder.path() / "site", "p", 3, 3, 11); }

  LoadedModel trained(std::int64_t steps) const {
    Json json = test::tiny_training(steps, 1);
    json["target"] = "whole_tumour";
    json["fit"]["patch"] = {16, 16, 16};
    json["fit"]["optimiser"] = {{"learning_rate", 0.03}};
    json["fit"]["augment"] = {{"flip", false}, {"rotate_chance", 0}, {"intensity_chance", 0}, {"noise_chance", 0}};
    json["model"] = {{"filters", {8, 16}}};
    json["validation_cases"] = 0;
    const TrainingSettings settings = parse_training_settings(json, "tiny");
    const auto cases = prepare_site(folder.path() / "site", settings, {imaging::label_scheme("brats2023")});
    const SiteSplit split = split_by_folders(cases, "site", settings);
    const TrainedModel model = train_model("model", {{"site", split.train, {}}}, settings, folder.path() / ("run" + std::to_string(steps)));
    return {to_segmenter(settings, model.best), settings};
  }
  std::vector<PreparedCase> cases(const LoadedModel& model, const std::string& split) const { return read_labelled_cases({folder.path() / "site"}, model.settings, split); }

  TemporaryFolder folder;
};

TEST_F(ModelAttacks, ChangedImagesCostDiceThatGrowsWithTheChange) {
  const LoadedModel model = trained(40);
  const auto test = cases(model, "test");
  ASSERT_EQ(test.size(), 3U);
  const AdversarialAttack attack{.eps = {0.05, 0.5}, .steps = 5};
  const AdversarialResults results = attack_with_changed_images(model, test, attack);
  ASSERT_EQ(results.rows.size(), 5U);
  const auto& rows = results.rows;
  EXPECT_GT(rows[0].dice, 0.6);
  EXPECT_LT(rows[4].dice, rows[0].dice - 0.2) << "PGD, 0.5";
  EXPECT_LE(rows[4].dice, rows[2].dice) << "PGD, further";
  EXPECT_GT(rows[4].loss, rows[3].loss) << "PGD against FGSM";
  EXPECT_FALSE(results.hides_gradient());
  EXPECT_EQ(to_json(attack_with_changed_images(model, test, attack)), to_json(results)) << "same seed, same figures";
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { attack_with_changed_images(model, test, {.eps = {-1}}); }), HasSubstr("eps"));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { attack_with_changed_images(model, test, {.steps = 1}); }), HasSubstr("steps"));
}

TEST_F(ModelAttacks, AnOverfittedModelBetraysItsPatients) {
  const LoadedModel model = trained(300), reference = trained(1);
  const MembershipResults results = attack_membership(model, cases(model, "train"), cases(model, "test"), &reference);
  ASSERT_EQ(results.cases.size(), 6U);
  EXPECT_GT(std::max(results.by_loss().auc, results.by_ratio()->auc), 0.75);
  const MembershipResults none = attack_membership(reference, cases(model, "train"), cases(model, "test"));
  EXPECT_FALSE(none.by_ratio());
  EXPECT_LT(none.by_loss().auc_low, 0.5) << "a model that learnt nothing betrays nobody";
  LoadedModel other = trained(1);
  other.settings.target = Target::kLesion;
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { attack_membership(model, cases(model, "train"), cases(model, "test"), &other); }), HasSubstr("reference model"));
}

TEST_F(ModelAttacks, AnUpdateOfOnePatientIsInvertedAndAProtectedOneIsNot) {
  const InversionAttack attack{.spacing_mm = 2, .size = 10, .iterations = 150, .batch = 2, .steps = 2};
  const InversionResults results = attack_by_inversion({folder.path() / "site"}, attack);
  const auto row = [&](const char* name) {
    const auto found = std::find_if(results.rows.begin(), results.rows.end(), [&](const InversionRow& r) { return r.name == name; });
    return *found;
  };
  for (const char* open : {"single", "linear"}) EXPECT_TRUE(row(open).is_recognised()) << open << " " << row(open).ssim;
  // These heads are so alike that another one comes within 0.1 of a patient: a sum over three sites that looks like a patient tells nothing of him. docs/results.md has heads that differ.
  EXPECT_GT(row("secure").floor_ssim, 0.8);
  EXPECT_LT(row("secure").ssim, row("single").ssim);
  EXPECT_LT(row("sum").ssim, row("secure").ssim) << "the more cubes are in a sum, the less is found";
  for (const char* hidden : {"secure", "sum_unet", "private"}) EXPECT_FALSE(row(hidden).tells_something()) << hidden << " " << row(hidden).ssim << " floor " << row(hidden).floor_ssim;
  EXPECT_FALSE(row("sum").is_recognised()) << row("sum").ssim << " floor " << row("sum").floor_ssim;
  EXPECT_EQ(to_json(attack_by_inversion({folder.path() / "site"}, attack)), to_json(results));
  EXPECT_EQ(inversion_picture(results).substr(1, 3), "PNG");
  InversionAttack many = attack;
  many.sites = 6;
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [&] { attack_by_inversion({folder.path() / "site"}, many); }), HasSubstr("holds 6 cases"));
  InversionAttack odd = attack;
  odd.size = 7;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { attack_by_inversion({folder.path() / "site"}, odd); }), HasSubstr("size"));
}

}  // namespace
}  // namespace consilium::pipelines
