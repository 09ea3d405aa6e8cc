#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/files.h"
#include "fl/ledger/entry.h"
#include "fl/tls_check.h"
#include "tests/fl/federation_fixture.h"
#include "tests/support/process.h"
#include "tests/support/refusal.h"

// Federations in which a robust rule compares secure sums of groups of sites, over mutual TLS and in one process.
namespace consilium::fl {
namespace {

using consilium::test::wait_until;
using test::toy_model;
using test::ToyTrainer;
using testing::HasSubstr;

const std::vector<std::string> kSites{"basel", "bern", "chur", "genf", "linz", "lugano", "thun", "wien", "zug"};

FederationSettings grouped_settings(AggregationRule rule = AggregationRule::kMedian) {
  FederationSettings settings = test::toy_settings(2);
  settings.sites = kSites;
  settings.quorum = 9;
  settings.deadline_seconds = 60;
  settings.aggregation.rule = rule;
  settings.protection.secure_aggregation = SecureAggregationSettings{.group_size = 3, .stage_seconds = 10};
  return settings;
}

std::vector<std::unique_ptr<ToyTrainer>> trainers(float of_first = 0.5F) {
  std::vector<std::unique_ptr<ToyTrainer>> list;
  for (std::size_t n = 0; n < kSites.size(); ++n) list.push_back(std::make_unique<ToyTrainer>(n == 0 ? of_first : 0.25F + 0.03125F * static_cast<float>(n), 4));
  return list;
}

FinishedRun in_process(const FederationSettings& settings, const std::vector<std::unique_ptr<ToyTrainer>>& trainers) {
  const TemporaryFolder folder;
  std::vector<std::pair<std::string, Trainer*>> named;
  for (std::size_t n = 0; n < kSites.size(); ++n) named.emplace_back(kSites[n], trainers[n].get());
  return run_in_process(settings, toy_model(1), named, folder.path());
}

class GroupedFederation : public test::Federation {
 protected:
  GroupedFederation() : own(trainers()) {
    for (const std::string& name : kSites) issue_certificate(keys(), name);
  }
  ~GroupedFederation() override { stop = true; }
  /// One that starts again is found where the first one listened.
  std::future<RunState> coordinator(const FederationSettings& settings, const std::atomic<bool>* own_stop = nullptr) {
    fs::remove(folder.path() / "hub" / "address");
    return test::Federation::coordinator(settings, listen, own_stop != nullptr ? own_stop : &stop, {}, 20);
  }
  std::future<ModelState> join(std::size_t n, const std::atomic<bool>* own_stop = nullptr) {
    listen = address();
    return std::async(std::launch::async, [=, this] { return run_site(site(kSites[n], 60), *own[n], {}, own_stop != nullptr ? own_stop : &stop); });
  }

  std::string listen = "localhost:0";
  std::atomic<bool> stop = false;
  std::vector<std::unique_ptr<ToyTrainer>> own;
};

TEST_F(GroupedFederation, OverTheWireAndInOneProcessEndsInTheSameBytesAndSaysTheGroups) {
  const FinishedRun expected = in_process(grouped_settings(), trainers());
  auto hub = coordinator(grouped_settings());
  std::vector<std::future<ModelState>> sites;
  for (std::size_t n = 0; n < kSites.size(); ++n) sites.push_back(join(n));
  const RunState state = hub.get();
  EXPECT_EQ(state.global, expected.state.global);
  EXPECT_EQ(state.reports, expected.state.reports);
  for (auto& site : sites) EXPECT_EQ(site.get(), expected.best);
  std::vector<std::map<double, int>> sizes;
  for (const RoundReport& report : state.reports) {
    std::map<double, int> size_of;
    for (const SiteOutcome& site : report.sites) {
      EXPECT_EQ(site.participation, Participation::kAccepted);
      EXPECT_EQ(site.cases, 0) << "what a site has is nobody's business";
      EXPECT_EQ(site.metrics.size(), 1U);
      ++size_of[site.metrics.at(kSumGroupMetric)];
    }
    EXPECT_EQ(size_of, (std::map<double, int>{{1, 3}, {2, 3}, {3, 3}}));
    EXPECT_EQ(report.validation_cases, 18);
    if (report.round == 2) continue;  // the last look has no weights
    EXPECT_EQ(report.sums.at("cases.trunk"), 36);
    for (const char* group : {"1", "2", "3"}) EXPECT_GT(report.sums.at("group." + std::string(group) + ".update_norm"), 0) << group;
  }
  // The ledger's entry says who was summed with whom, and reads back.
  const RoundEntry entry = entry_of(state.reports[0], to_json(grouped_settings()), "f");
  for (std::size_t n = 0; n < kSites.size(); ++n) EXPECT_EQ(static_cast<double>(entry.participants[n].group), state.reports[0].sites[n].metrics.at(kSumGroupMetric));
  RoundEntry full = entry;
  full.report_digest = full.previous_root = std::string(64, 'a');
  EXPECT_EQ(std::get<RoundEntry>(parse_entry(to_text(full), "entry")).participants, entry.participants);
}

TEST_F(GroupedFederation, KilledSitesAndAKilledCoordinatorLeaveTheSameModel) {
  const FinishedRun expected = in_process(grouped_settings(), trainers());
  std::atomic<bool> kill_hub = false, kill_site = false;
  auto first = coordinator(grouped_settings(), &kill_hub);
  std::vector<std::future<ModelState>> sites;
  for (std::size_t n = 0; n + 1 < kSites.size(); ++n) sites.push_back(join(n));
  auto leaving = join(8, &kill_site);
  EXPECT_TRUE(wait_until([&] { return fs::exists(folder.path() / "zug/protocol/masked_update"); }));
  kill_site = true;
  try {
    leaving.get();
  } catch (const Error&) {
  }
  kill_hub = true;
  first.get();
  auto second = coordinator(grouped_settings());
  sites.push_back(join(8));
  EXPECT_EQ(second.get().global, expected.state.global);
  for (auto& site : sites) EXPECT_EQ(site.get(), expected.best);
}

/// Values that no honest site has, a thousand times as long: one of three groups is spoiled, and the median of the groups' means does not care.
TEST(GroupedRules, OnePoisoningSiteMovesTheMeanAndNotTheMedianOfGroups) {
  const auto moved_by = [](const FederationSettings& settings) {
    const float honest = in_process(settings, trainers()).state.global.tensors[1].values[7], attacked = in_process(settings, trainers(-7.5F)).state.global.tensors[1].values[7];
    return std::abs(attacked - honest);
  };
  FederationSettings plain_mean = grouped_settings(AggregationRule::kFedAvg);
  plain_mean.protection.secure_aggregation->group_size = 0;
  EXPECT_GT(moved_by(plain_mean), 0.8);
  // Groups are drawn anew in every run, and nobody can foretell them. Honest sites lie between 0.28 and 0.5, and so do medians of groups of which one lies: two rounds differ by less than 2 x 0.22.
  EXPECT_LT(moved_by(grouped_settings(AggregationRule::kMedian)), 0.45);
  EXPECT_LT(moved_by(grouped_settings(AggregationRule::kGeometricMedian)), 0.45);
}

TEST(GroupedRules, OneHostileSiteInEveryGroupIsMoreThanAnyRuleBears) {
  // The breakdown is counted in groups: three liars of nine, one in each, move the median at will.
  auto hostile = trainers();
  for (std::size_t n = 0; n < kSites.size(); ++n) hostile[n] = std::make_unique<ToyTrainer>(-7.5F, 4);
  FederationSettings settings = grouped_settings();
  settings.rounds = 1;
  EXPECT_LT(in_process(settings, hostile).state.global.tensors[1].values[7], -5);
}

TEST(GroupedSettings, WhatCannotBeHadIsRefusedWithTheReason) {
  const auto words = [](const std::function<void(FederationSettings&)>& change) {
    FederationSettings settings = grouped_settings();
    change(settings);
    return consilium::test::refusal(ErrorCode::kUsage, [&] { validate(settings); });
  };
  EXPECT_NO_THROW(validate(grouped_settings()));
  for (const AggregationRule rule : {AggregationRule::kNormBound, AggregationRule::kTrimmedMean, AggregationRule::kGeometricMedian}) EXPECT_NO_THROW(validate(grouped_settings(rule)));
  EXPECT_THAT(words([](auto& s) { s.quorum = 8; }), HasSubstr("the 8 sites of the quorum make 2 groups of 3, and 3 are needed: that takes 9 sites"));
  EXPECT_THAT(words([](auto& s) { s.protection.secure_aggregation->group_size = 4; }), HasSubstr("the 9 sites of a round make 2 groups of 4, and 3 are needed: that takes 12 sites"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kKrum; }), HasSubstr("make 3 groups of 3, and 5 are needed: that takes 15 sites"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kKrum, s.protection.secure_aggregation->least_groups = 3; }), HasSubstr("least_groups: the aggregation rule needs 5 groups, found 3"));
  EXPECT_THAT(words([](auto& s) { s.protection.secure_aggregation->threshold = 4; }), HasSubstr("more than half of the 3 sites of a group"));
  EXPECT_THAT(words([](auto& s) { s.protection.secure_aggregation->neighbours = 3; }), HasSubstr("sites of a group"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kFedAvg; }), HasSubstr("fedavg does not go with secure aggregation in groups: it takes the mean of all sites"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kFoolsGold; }), HasSubstr("groups are drawn anew"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kFlTrust, s.aggregation.robust.root = "bern"; }), HasSubstr("hidden in a group"));
  EXPECT_THAT(words([](auto& s) { s.protection.privacy = ClientPrivacy{.noise_multiplier = 1, .noise = ClientNoise::kSkellam}; }), HasSubstr("protection.privacy does not go with groups"));
}

TEST(GroupedSettings, ThresholdsOfLargerGroupsAreTwoThirds) {
  SecureAggregationSettings settings{.group_size = 3};
  settings.threshold = threshold_of(settings, 100);
  EXPECT_EQ(settings.threshold, 2);
  EXPECT_EQ(threshold_in_sum(settings, 3), 2);
  EXPECT_EQ(threshold_in_sum(settings, 4), 3);
  EXPECT_EQ(threshold_in_sum(settings, 5), 4);
  settings.threshold = 3;
  EXPECT_EQ(threshold_in_sum(settings, 4), 3);
}

}  // namespace
}  // namespace consilium::fl
