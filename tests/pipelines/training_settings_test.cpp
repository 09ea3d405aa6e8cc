#include "pipelines/training_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/refusal.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using test::tiny_training;
using testing::HasSubstr;

std::string refused(const std::string& pointer, const Json& value) {
  Json json = tiny_training();
  json[Json::json_pointer(pointer)] = value;
  return refusal(ErrorCode::kUsage, [&] { parse_training_settings(json, "training"); });
}

TEST(TrainingSettings, ComeBackFromTheirJson) {
  const Json json = to_json(parse_training_settings(tiny_training(), "training"));
  EXPECT_EQ(to_json(parse_training_settings(json, "training")), json);
  EXPECT_EQ(json["model"]["in_channels"], 2);
  EXPECT_EQ(json["model"]["out_channels"], 4);
  EXPECT_EQ(json["seed"], 7);
}

TEST(TrainingSettings, OutputsFollowFromTheTarget) {
  Json json = tiny_training();
  json["target"] = "lesion";
  EXPECT_EQ(parse_training_settings(json, "t").model.out_channels, 2);
  json["target"] = "brats_regions";
  json["fit"]["regions"] = true;
  EXPECT_EQ(parse_training_settings(json, "t").model.out_channels, 3);
  json["target"] = "whole_tumour";
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_training_settings(json, "t"); }), HasSubstr("fit.regions"));
}

TEST(TrainingSettings, AnUnknownKeyNamesTheNearestOne) {
  EXPECT_THAT(refused("/stps", 3),
              testing::AllOf(HasSubstr("training"), HasSubstr("\"stps\""), HasSubstr("did you mean \"steps\"")));
  EXPECT_THAT(refused("/fit/btach", 3), testing::AllOf(HasSubstr("training.fit"), HasSubstr("did you mean \"batch\"")));
  EXPECT_THAT(refused("/fit/optimiser/learningrate", 3),
              testing::AllOf(HasSubstr("training.fit.optimiser"), HasSubstr("did you mean \"learning_rate\"")));
  EXPECT_THAT(refused("/fit/augment/flips", true),
              testing::AllOf(HasSubstr("training.fit.augment"), HasSubstr("did you mean \"flip\"")));
  EXPECT_THAT(refused("/model/filter", 3), testing::AllOf(HasSubstr("training.model"), HasSubstr("did you mean \"filters\"")));
  EXPECT_THAT(refused("/normalise/spacing", 3),
              testing::AllOf(HasSubstr("training.normalise"), HasSubstr("did you mean \"spacing_mm\"")));
  EXPECT_THAT(refused("/target", "brats_region"),
              testing::AllOf(HasSubstr("training.target"), HasSubstr("did you mean \"brats_regions\"")));
  EXPECT_THAT(refused("/fit/precision", "bf16"), testing::AllOf(HasSubstr("training.fit.precision"), HasSubstr("bfloat16")));
}

TEST(TrainingSettings, AWrongTypeNamesItsKey) {
  EXPECT_THAT(refused("/steps", "many"), HasSubstr("training.steps"));
  EXPECT_THAT(refused("/steps", 6.5), HasSubstr("training.steps"));
  EXPECT_THAT(refused("/steps", true), HasSubstr("training.steps"));
  EXPECT_THAT(refused("/steps", nullptr), HasSubstr("training.steps"));
  EXPECT_THAT(refused("/seed", -1), HasSubstr("training.seed"));
  EXPECT_THAT(refused("/validation_cases", 1e12), HasSubstr("training.validation_cases"));
  EXPECT_THAT(refused("/fit", Json::array()), HasSubstr("training.fit"));
  EXPECT_THAT(refused("/fit/patch", 8), HasSubstr("training.fit.patch"));
  EXPECT_THAT(refused("/fit/patch", {8, 8}), HasSubstr("training.fit.patch"));
  EXPECT_THAT(refused("/fit/patch", {8, 8, 8, 8}), HasSubstr("training.fit.patch"));
  EXPECT_THAT(refused("/model/filters", {4, "8"}), HasSubstr("training.model.filters"));
  EXPECT_THAT(refused("/overlap", "half"), HasSubstr("training.overlap"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [] { parse_training_settings(Json::array(), "training"); }), HasSubstr("training"));
}

TEST(TrainingSettings, AValueOutOfRangeNamesItsKey) {
  EXPECT_THAT(refused("/steps", 2), HasSubstr("rounds <= steps"));
  EXPECT_THAT(refused("/rounds", 0), HasSubstr("rounds"));
  EXPECT_THAT(refused("/validation_cases", -1), HasSubstr("validation_cases"));
  EXPECT_THAT(refused("/overlap", 1), HasSubstr("overlap"));
  EXPECT_THAT(refused("/overlap", -0.1), HasSubstr("overlap"));
  EXPECT_THAT(refused("/fit/batch", 0), HasSubstr("batch"));
  EXPECT_THAT(refused("/fit/batch", 1000000), HasSubstr("batch"));
  EXPECT_THAT(refused("/fit/foreground_share", 1.5), HasSubstr("foreground_share"));
  EXPECT_THAT(refused("/fit/patch", {8, 8, 7}), testing::AllOf(HasSubstr("patch"), HasSubstr("multiples of 2")));
  EXPECT_THAT(refused("/fit/patch", {8, 8, 0}), HasSubstr("patch"));
  EXPECT_THAT(refused("/fit/patch", {1024, 1024, 1024}), HasSubstr("patch"));
  EXPECT_THAT(refused("/fit/optimiser/learning_rate", 0), HasSubstr("learning_rate"));
  EXPECT_THAT(refused("/fit/augment", {{"flip", true}, {"zoom", 2}}), HasSubstr("zoom"));
  EXPECT_THAT(refused("/model/filters", {4}), HasSubstr("filters"));
  EXPECT_THAT(refused("/model/filters", {4, 0}), HasSubstr("filters"));
  EXPECT_THAT(refused("/model/in_channels", 3), HasSubstr("in_channels"));
  EXPECT_THAT(refused("/model/deep_supervision", 1), HasSubstr("deep_supervision"));
}

TEST(TrainingSettings, RoundsShareTheStepsAsEquallyAsTheyCan) {
  const TrainingSettings settings = parse_training_settings(tiny_training(11, 4), "t");
  std::vector<std::int64_t> counts;
  std::int64_t next = 0;
  for (std::int64_t round = 0; round < 4; ++round) {
    const models::StepRange range = steps_of_round(settings, round);
    EXPECT_EQ(range.first, next);
    EXPECT_EQ(range.total, 11);
    next = range.first + range.count;
    counts.push_back(range.count);
  }
  EXPECT_THAT(counts, testing::ElementsAre(3, 3, 3, 2));
  EXPECT_EQ(next, 11);
}

}  // namespace
}  // namespace consilium::pipelines
