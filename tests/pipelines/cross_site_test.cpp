#include "pipelines/cross_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "pipelines/report.h"
#include "tests/support/tiny_run.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Two models at two sites; `west` shows the whole tumour only.
RunResults results() {
  RunResults r;
  r.regions = {"WT", "ET"};
  r.sites = {{"east", "", 3, 1, 4, {}, {{"scanner", "3 T"}}}, {"west", "", 3, 1, 2, {"WT"}, {{"scanner", "1.5 T"}}}};
  r.models = {{"east", "single", {"east"}, 1, 1, 1, {}}, {"federated", "federated", {"east", "west"}, 1, 1, 1, {}}};
  for (int n = 0; n < 4; ++n) {
    const double wobble = 0.1 * n;
    r.cases.push_back({"east", std::to_string(n), "federated", 0, {{"WT", 0.6 + wobble, 5, 10, 10}, {"ET", 0.2 + wobble, 5, 1, 1}}});
    r.cases.push_back({"east", std::to_string(n), "east", 0, {{"WT", 0.9, 5, 10, 10}, {"ET", 0.9, 5, 1, 1}}});
  }
  for (int n = 0; n < 2; ++n) {
    r.cases.push_back({"west", std::to_string(n), "federated", 0, {{"WT", 0.8, 5, 10, 10}}});
    r.cases.push_back({"west", std::to_string(n), "east", 0, {{"WT", 0.3, 5, 10, 10}}});
  }
  return r;
}

TEST(CrossSite, HoldsEveryModelAtEverySiteAndNothingThatWasNotJudged) {
  const Json json = cross_site(results());
  ASSERT_EQ(json["regions"]["WT"].size(), 4U);
  EXPECT_EQ(json["regions"]["WT"][0], Json({{"model", "east"}, {"site", "east"}, {"cases", 4}, {"dice", 0.9}, {"hd95_mm", 5.0}, {"missed", 0}}));
  ASSERT_EQ(json["regions"]["ET"].size(), 2U);  // west's labels do not show it: absent, not 0
  for (const Json& entry : json["regions"]["ET"]) EXPECT_EQ(entry["site"], "east");
  EXPECT_EQ(json["regions"]["mean"].size(), 4U);
  EXPECT_EQ(json["models"], Json({"east", "federated"}));
}

TEST(CrossSite, TheWorstSiteIsEachModelsOwnWithAnIntervalOverItsCases) {
  const std::vector<WorstSite> worst = worst_sites(results());
  ASSERT_EQ(worst.size(), 2U);
  EXPECT_EQ(worst[0].site, "west");
  EXPECT_EQ(worst[0].cases, 2U);
  EXPECT_TRUE(std::isnan(worst[0].interval.low));  // two cases carry none
  EXPECT_EQ(worst[1].site, "east");
  EXPECT_NEAR(worst[1].dice, 0.55, 1e-12);
  // Student: 0.55 +- 3.18245 * 0.1291 / 2 of the case means 0.4, 0.5, 0.6, 0.7.
  EXPECT_NEAR(worst[1].interval.low, 0.3446, 1e-4);
  EXPECT_NEAR(worst[1].interval.high, 0.7554, 1e-4);
}

TEST(CrossSite, StrataGroupSitesByTheirValues) {
  RunResults r = results();
  std::vector<Stratum> strata = strata_of(r);
  ASSERT_EQ(strata.size(), 2U);
  EXPECT_EQ(strata[0].value, "1.5 T");
  EXPECT_EQ(strata[0].models[0].cases, 2U);
  EXPECT_NEAR(strata[0].models[0].dice, 0.3, 1e-12);
  r.sites[1].strata["scanner"] = "3 T";
  strata = strata_of(r);
  ASSERT_EQ(strata.size(), 1U);
  EXPECT_THAT(strata[0].sites, testing::ElementsAre("east", "west"));
  EXPECT_EQ(strata[0].models[1].cases, 6U);
}

TEST(CrossSite, IsPartOfTheReport) {
  const TemporaryFolder folder;
  RunResults r = test::write_tiny_run(folder.path(), {.sites = {"north", "south"}, .cases = 1, .pooled = false});
  const fs::path page = folder.path() / "report.html";
  EXPECT_EQ(write_report(folder.path(), page).summary["cross_site"], cross_site(r));
  EXPECT_THAT(read_file(page), HasSubstr("Each model where it does worst"));
  EXPECT_THAT(read_file(page), Not(HasSubstr("by kind of site")));
  r.sites[0].strata = {{"scanner", "<1.5 T>"}};
  r.sites[1].annotated = {"WT"};
  write_file(folder.path() / "results.json", to_json(r).dump());
  write_report(folder.path(), page);
  EXPECT_THAT(read_file(page), testing::AllOf(HasSubstr("by kind of site"), HasSubstr("scanner: &lt;1.5 T&gt;"), HasSubstr("its labels show WT only")));
}

TEST(RunResults, WhatWasNotJudgedIsADashInTheTable) { EXPECT_THAT(to_text(results()), testing::AllOf(HasSubstr("-"), Not(HasSubstr("nan")))); }

}  // namespace
}  // namespace consilium::pipelines
