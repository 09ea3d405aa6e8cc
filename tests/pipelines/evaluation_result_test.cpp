#include "pipelines/evaluation_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "pipelines/federation_task.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

fl::RoundReport report() {
  fl::RoundReport r;
  r.base_digest = "abc";
  r.sites = {{"east", fl::Participation::kAccepted, "", 0, {}, {{"dice/WT", 0.9}, {"cases/WT", 3}, {"hd95_mm/WT", 4}, {"missed/WT", 1}, {"dice/ET", 0.5}, {"cases/ET", 3}, {"segmented", 4}}},
             {"north", fl::Participation::kLate, "nothing came", 0, {}, {}},
             {"west", fl::Participation::kAccepted, "", 0, {}, {{"dice/WT", 0.6}, {"cases/WT", 1}, {"segmented", 1}}}};
  return r;
}

TEST(EvaluationResult, HoldsEverySiteAndLeavesOutWhatWasNotJudged) {
  const Json json = evaluation_result(report());
  ASSERT_EQ(json["sites"].size(), 3U);
  EXPECT_EQ(json["sites"][0]["regions"]["WT"], Json({{"dice", 0.9}, {"hd95_mm", 4.0}, {"missed", 1}, {"cases", 3}}));
  EXPECT_TRUE(json["sites"][0]["regions"]["ET"]["hd95_mm"].is_null());
  EXPECT_TRUE(json["sites"][1]["regions"].empty());
  EXPECT_EQ(json["sites"][1]["outcome"], "late");
  EXPECT_FALSE(json["sites"][2]["regions"].contains("ET"));
  EXPECT_NEAR(json["mean"]["WT"]["dice"].get<double>(), (3 * 0.9 + 0.6) / 4, 1e-12);
  EXPECT_EQ(json["mean"]["WT"]["worst_site"], "west");
  EXPECT_EQ(json["mean"]["ET"]["cases"], 3);  // west's silence is no zero
  EXPECT_FALSE(json["mean"].contains("TC"));
}

TEST(EvaluationResult, AFigureThatCannotBeIsLeftOut) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, double>>{{"dice/WT", 1.5}, {"dice/WT", -1}, {"cases/WT", 1e300}, {"cases/WT", 0}}) {
    fl::RoundReport r = report();
    r.sites[0].metrics[name] = value;
    const Json json = evaluation_result(r);
    EXPECT_FALSE(json["sites"][0]["regions"].contains("WT")) << name << " " << value;
    EXPECT_EQ(json["mean"]["WT"]["cases"], 1);
  }
}

TEST(FederationTask, TravelsInThePlan) {
  EXPECT_EQ(task_kind(Json{{"steps", 10}}), FederationTask::kTrain);
  const Json task = to_task(FederationTask::kPredict, {{{"steps", 10}}, true});
  EXPECT_EQ(task_kind(task), FederationTask::kPredict);
  EXPECT_EQ(parse_model_use(task).training, Json({{"steps", 10}}));
  EXPECT_TRUE(parse_model_use(task).all_cases);
  EXPECT_EQ(task_kind(to_plan({})), FederationTask::kStatistics);
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { task_kind({{"kind", "mine"}}); }), testing::HasSubstr("\"mine\""));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { task_kind({{"kind", 7}}); }), testing::HasSubstr("number"));
}

}  // namespace
}  // namespace consilium::pipelines
