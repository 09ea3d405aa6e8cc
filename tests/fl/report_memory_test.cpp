#include "fl/report_memory.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "fl/aggregate/cost_weights.h"
#include "fl/selection.h"

namespace consilium::fl {
namespace {

constexpr std::size_t kWindow = 32;
const std::vector<std::string> kSites{"a", "b", "c", "d"};

/// Most sites are there most of the time, one seldom, and losses may be no numbers.
RoundReport report_of(std::int64_t round, Rng& rng) {
  RoundReport report{.round = round, .base_digest = "digest", .result_digest = "digest", .sites = {}};
  for (const std::string& site : kSites) {
    SiteOutcome outcome;
    outcome.site = site;
    const bool takes_part = site == "d" ? rng.uniform() < 0.05 : rng.uniform() < 0.8;
    outcome.participation = takes_part ? Participation::kAccepted : rng.uniform() < 0.5 ? Participation::kLate : Participation::kNotAsked;
    if (takes_part) outcome.cases = static_cast<std::int64_t>(1 + rng.below(9));
    if (takes_part) outcome.metrics["loss"] = rng.uniform() < 0.1 ? std::nan("") : rng.uniform();
    if (takes_part) outcome.metrics["seconds"] = rng.uniform();
    report.sites.push_back(outcome);
  }
  return report;
}

std::vector<Update> updates_of_all() {
  std::vector<Update> updates;
  for (const std::string& site : kSites) updates.push_back({.site = site, .base_digest = {}, .delta = {}, .cases_per_group = {{"", 4}}, .metrics = {{"loss", 0.5}}});
  return updates;
}

TEST(ReportMemory, WhatIsForgottenChangesNoAnswer) {
  Rng rng(3);
  std::vector<RoundReport> whole, kept;
  const auto updates = updates_of_all();
  for (std::int64_t round = 0; round < 300; ++round) {
    whole.push_back(report_of(round, rng));
    kept.push_back(whole.back());
    if (kept.size() > kWindow) forget_outcomes(kept, kept.size() - kWindow - 1, kWindow);
    for (const auto rule : {SelectionRule::kLargest, SelectionRule::kFastest, SelectionRule::kLoss})
      EXPECT_EQ(select_sites({.rule = rule, .sites = 2}, kSites, round + 1, kept), select_sites({.rule = rule, .sites = 2}, kSites, round + 1, whole)) << round;
    for (const CostRule rule : {CostRule::kFedCostWAvg, CostRule::kFedPidAvg})
      EXPECT_EQ(cost_weights(rule, defaults_of(rule), updates, kept), cost_weights(rule, defaults_of(rule), updates, whole)) << round;
  }
}

TEST(ReportMemory, SitesThatAreAlwaysThereAreKeptForTheNewestRoundsOnly) {
  std::vector<RoundReport> reports;
  for (std::int64_t round = 0; round < 100; ++round) {
    RoundReport report{.round = round, .base_digest = "before", .result_digest = "after", .sites = {}};
    report.sites.push_back({.site = "a", .participation = Participation::kAccepted, .reason = {}, .cases = 3, .validation = {}, .metrics = {{"loss", 1}}});
    report.sites.push_back({.site = "new", .participation = round == 0 ? Participation::kAccepted : Participation::kLate, .reason = {}, .cases = round == 0 ? 2 : 0, .validation = {}, .metrics = {}});
    reports.push_back(report);
    if (reports.size() > kWindow) forget_outcomes(reports, reports.size() - kWindow - 1, kWindow);
  }
  ASSERT_EQ(reports[0].sites.size(), 1U) << "nothing later says how many cases this site has";
  EXPECT_EQ(reports[0].sites[0].site, "new");
  for (std::size_t n = 1; n < 100 - kWindow; ++n) EXPECT_TRUE(reports[n].sites.empty()) << n;
  for (std::size_t n = 100 - kWindow; n < 100; ++n) EXPECT_EQ(reports[n].sites.size(), 2U) << n;
  EXPECT_EQ(reports[50].base_digest, "before");
}

}  // namespace
}  // namespace consilium::fl
