#include "models/attack/adversarial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/fit.h"
#include "models/segmenter.h"
#include "tests/models/attack/toy_case.h"
#include "tests/support/refusal.h"

namespace consilium::models {
namespace {

constexpr std::array<std::int64_t, 3> kPatch{16, 16, 16};

FitOptions fit_options(double eps = 0) {
  FitOptions options;
  options.patch = kPatch;
  options.optimiser.learning_rate = 0.02;
  options.adversarial = {.eps = eps, .steps = 2};
  return options;
}

Segmenter trained(double eps = 0, std::int64_t steps = 60) {
  Segmenter segmenter({.in_channels = 1, .out_channels = 2, .filters = {4, 8}}, Rng(1));
  const std::vector<TrainingCase> cases{test::toy_case(1), test::toy_case(2), test::toy_case(3)};
  fit(segmenter, cases, {0, steps, steps}, fit_options(eps), Rng(2));
  return segmenter;
}

TEST(Adversarial, LossGrowsWithTheDistanceAndPgdIsWorseThanFgsm) {
  Segmenter segmenter = trained();
  const TrainingCase sample = test::toy_case(9);
  const auto loss = [&](double eps, std::int64_t steps) { return attack_case(segmenter, sample, kPatch, false, {eps, steps}, Rng(3)).loss_after; };
  const double clean = loss(0, 1);
  EXPECT_GT(loss(0.1, 1), clean * 1.05);
  EXPECT_GT(loss(0.3, 1), loss(0.1, 1));
  EXPECT_GT(loss(0.3, 10), loss(0.3, 1));
}

TEST(Adversarial, NoVoxelMovesFurtherThanEpsAndTheModelStays) {
  Segmenter segmenter = trained(0, 5);
  const ModelState before = segmenter.state();
  const TrainingCase sample = test::toy_case(9);
  for (const std::int64_t steps : {1, 7}) {
    const AttackedCase attacked = attack_case(segmenter, sample, kPatch, false, {0.05, steps}, Rng(3));
    double most = 0;
    std::size_t moved = 0;
    for (std::size_t n = 0; n < sample.image.size(); ++n) {
      most = std::max(most, std::abs(static_cast<double>(attacked.image[n]) - static_cast<double>(sample.image[n])));
      moved += attacked.image[n] != sample.image[n] ? 1 : 0;
    }
    EXPECT_LE(most, 0.05 + 1e-6);
    EXPECT_GT(moved, sample.image.size() * 9 / 10) << "every patch of an image that is larger than one";
    EXPECT_EQ(attacked.image, attack_case(segmenter, sample, kPatch, false, {0.05, steps}, Rng(3)).image);
    EXPECT_GT(attacked.gradient_share, 0.99) << "nothing hides the gradient";
  }
  EXPECT_EQ(segmenter.state(), before);
  const std::vector<TrainingCase> cases{sample};
  fit(segmenter, cases, {0, 1, 1}, fit_options(), Rng(1));
  EXPECT_NE(segmenter.state(), before) << "its weights can still be trained";
}

TEST(Adversarial, ATrainingOnChangedImagesLosesLessToThem) {
  Segmenter plain = trained(), hardened = trained(0.3);
  double plain_loss = 0, hardened_loss = 0;
  for (std::uint64_t seed = 9; seed < 13; ++seed) {
    plain_loss += attack_case(plain, test::toy_case(seed), kPatch, false, {0.3, 10}, Rng(3)).loss_after;
    hardened_loss += attack_case(hardened, test::toy_case(seed), kPatch, false, {0.3, 10}, Rng(3)).loss_after;
  }
  EXPECT_LT(hardened_loss, 0.9 * plain_loss);
}

TEST(Adversarial, TrainingIsRepeatedByteForByteAndInParts) {
  EXPECT_EQ(trained(0.1, 6).state(), trained(0.1, 6).state());
  EXPECT_NE(trained(0.1, 6).state(), trained(0, 6).state());
}

TEST(Adversarial, OptionsOutOfRangeAreRefusedByName) {
  const auto read = [](const Json& json) {
    FitOptions options;
    SettingsReader reader(json, "training.fit");
    read_fit_options(reader, options);
    return options;
  };
  EXPECT_EQ(read({{"adversarial", {{"eps", 0.03}, {"steps", 3}}}}).adversarial, (AdversarialOptions{0.03, 3}));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { read({{"adversarial", {{"eps", -1}}}}); }), testing::HasSubstr("training.fit.adversarial.eps"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { read({{"adversarial", {{"steps", 0}}}}); }), testing::HasSubstr("adversarial.steps"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { read({{"adversarial", {{"step", 1}}}}); }), testing::HasSubstr("did you mean \"steps\""));
}

TEST(CaseLoss, IsLowerOnWhatWasLearnt) {
  Segmenter segmenter = trained();
  Segmenter untrained({.in_channels = 1, .out_channels = 2, .filters = {4, 8}}, Rng(1));
  EXPECT_LT(case_loss(segmenter, test::toy_case(1), kPatch, false), case_loss(untrained, test::toy_case(1), kPatch, false) - 0.2);
}

}  // namespace
}  // namespace consilium::models
