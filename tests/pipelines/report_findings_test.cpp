#include "pipelines/report_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Three sites of six cases; every model's Dice at a site is a constant plus a small wobble of the case.
struct World {
  double own = 0.6, away = 0.4, pooled = 0.8;
  std::vector<double> federated{0.8, 0.8, 0.8};
};

RunResults results_of(const World& world) {
  const std::vector<std::string> sites{"north", "south", "west"};
  RunResults results;
  results.regions = {"WT"};
  for (const std::string& site : sites) {
    results.sites.push_back({site, "", 4, 1, 6});
    results.models.push_back({site, "single", {site}, 1, 10, 1, {}});
  }
  results.models.push_back({"pooled", "pooled", sites, 1, 10, 1, {}});
  results.models.push_back({"federated", "federated", sites, 1, 10, 1, {}});
  for (const ModelSummary& model : results.models)
    for (std::size_t s = 0; s < sites.size(); ++s)
      for (int n = 0; n < 6; ++n) {
        double dice = model.name == sites[s] ? world.own : world.away;
        if (model.kind == "pooled") dice = world.pooled;
        if (model.kind == "federated") dice = world.federated[s] + 0.004 * n;  // differences without ties
        results.cases.push_back({sites[s], "case-" + std::to_string(n), model.name, 0, {{"WT", dice, 1, 1, 1}}});
      }
  return results;
}

TEST(Findings, SayThatFederationHelpedWhereItDid) {
  const Findings findings = find(results_of({}));
  EXPECT_EQ(findings.headline, "Federation helped");
  EXPECT_THAT(findings.answer, HasSubstr("scores 0.210 more in mean Dice"));
  EXPECT_THAT(findings.answer, HasSubstr("18 cases"));
  EXPECT_THAT(findings.answer, HasSubstr("Every site gains"));
  EXPECT_THAT(findings.answer,
              HasSubstr("Over all 18 test cases it reaches mean Dice 0.810, the best single-site model (north) 0.467"));
  ASSERT_TRUE(findings.own);
  EXPECT_NEAR(findings.own->mean_difference, 0.21, 1e-12);
  EXPECT_GT(findings.own->interval.low, 0.2);
  EXPECT_LT(findings.own->interval.high, 0.22);
  ASSERT_EQ(findings.sites.size(), 3U);
  EXPECT_EQ(findings.sites[0].own, "north");
  EXPECT_NEAR(findings.sites[0].own_dice, 0.6, 1e-12);
  EXPECT_NEAR(findings.sites[0].federated_dice, 0.81, 1e-12);
}

TEST(Findings, SayThatFederationHurtWhereItDid) {
  const Findings findings = find(results_of({.own = 0.9}));
  EXPECT_EQ(findings.headline, "Federation hurt");
  EXPECT_THAT(findings.answer, HasSubstr("less in mean Dice"));
  EXPECT_THAT(findings.answer, HasSubstr("No site gains"));
}

TEST(Findings, NameTheSiteThatLosesWhenTheOthersGain) {
  const Findings findings = find(results_of({.federated = {0.9, 0.9, 0.5}}));
  EXPECT_EQ(findings.headline, "Federation helped, but hurt west");
  EXPECT_THAT(findings.answer, HasSubstr("2 of 3 sites gain"));
  EXPECT_THAT(findings.answer, HasSubstr("west (−0.090) does worst"));
}

TEST(Findings, DoNotClaimWhatTheIntervalDoesNotShow) {
  RunResults results = results_of({.own = 0.8, .federated = {0.79, 0.79, 0.79}});
  const Findings findings = find(results);
  EXPECT_EQ(findings.headline, "Federation made no clear difference");
  EXPECT_LT(findings.own->interval.low, 0.0);
  EXPECT_GT(findings.own->interval.high, 0.0);
}

TEST(Findings, CompareWithEveryOtherModelAndCorrectForTheirNumber) {
  const Findings findings = find(results_of({}));
  ASSERT_EQ(findings.comparisons.size(), 4U);
  for (const Comparison& c : findings.comparisons) {
    EXPECT_EQ(c.cases, 18U) << c.against;
    EXPECT_GE(c.p_holm, c.p_value) << c.against;
  }
  const Comparison& pooled = findings.comparisons[3];
  EXPECT_EQ(pooled.against, "pooled");
  EXPECT_NEAR(pooled.mean_difference, 0.01, 1e-12);
  EXPECT_EQ(pooled.better, 15U);  // the first case of each site is equal
  EXPECT_EQ(pooled.worse, 0U);
}

TEST(Findings, PairCasesOfOneNameAtDifferentSitesAndFoldsRightly) {
  RunResults results = results_of({});
  for (std::size_t n = 0; n < results.cases.size(); ++n) results.cases[n].fold = n % 6 == 0 ? 1 : 0;
  std::reverse(results.cases.begin(), results.cases.end());
  const auto differences = paired_differences(results, "federated", "", "south", "");
  ASSERT_EQ(differences.size(), 6U);
  for (const double d : differences) EXPECT_NEAR(d, 0.21, 0.0101);
}

TEST(Findings, LeaveOutCasesThatOnlyOneModelJudged) {
  RunResults results = results_of({});
  std::erase_if(results.cases, [](const CaseResult& c) { return c.model == "north" && c.name == "case-2"; });
  EXPECT_EQ(paired_differences(results, "federated", "north", "", "").size(), 15U);
}

TEST(Findings, WithoutFederationTheBestModelIsNamed) {
  RunResults results = results_of({});
  std::erase_if(results.models, [](const ModelSummary& m) { return m.kind == "federated"; });
  std::erase_if(results.cases, [](const CaseResult& c) { return c.model == "federated"; });
  const Findings findings = find(results);
  EXPECT_EQ(findings.headline, "No federated model in this run");
  EXPECT_THAT(findings.answer, HasSubstr("pooled scores mean Dice 0.800 over 18 cases, the most of 4 models."));
  EXPECT_TRUE(findings.comparisons.empty());
}

TEST(Findings, WithoutSingleSiteModelsThePooledIsCompared) {
  RunResults results = results_of({});
  std::erase_if(results.models, [](const ModelSummary& m) { return m.kind == "single"; });
  std::erase_if(results.cases, [](const CaseResult& c) { return c.model != "federated" && c.model != "pooled"; });
  const Findings findings = find(results);
  EXPECT_EQ(findings.headline, "No site's own model to compare with");
  EXPECT_THAT(findings.answer, HasSubstr("all sites' images in one place 0.800, a difference of +0.010 (95"));
}

TEST(Findings, OneModelOrNoCaseIsNoReasonToFail) {
  RunResults results = results_of({});
  results.models = {results.models[0]};
  std::erase_if(results.cases, [](const CaseResult& c) { return c.model != "north"; });
  EXPECT_THAT(find(results).answer, HasSubstr("north scores mean Dice"));
  results.cases.clear();
  EXPECT_EQ(find(results).answer, "No case was judged.");
  EXPECT_THAT(find(RunResults{}).answer, Not(HasSubstr("nan")));
}

TEST(Findings, FewCasesGetNoIntervalOrStudents) {
  RunResults results = results_of({});
  std::erase_if(results.cases, [](const CaseResult& c) { return c.name > "case-1"; });
  const Findings findings = find(results);
  EXPECT_TRUE(std::isnan(findings.sites[0].gain.interval.low)) << "two cases";
  ASSERT_EQ(findings.own->cases, 6U);
  const Interval student = student_mean_interval(paired_differences(results, "federated", "", "", ""));
  EXPECT_DOUBLE_EQ(findings.own->interval.low, student.low);
}

}  // namespace
}  // namespace consilium::pipelines
