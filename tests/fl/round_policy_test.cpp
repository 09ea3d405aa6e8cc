#include "fl/round_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "fl/coordinator.h"
#include "tests/fl/toy.h"
#include "tests/support/shared_data.h"

// When a round is closed, for whom, and with what.
namespace consilium::fl {
namespace {

using test::toy_model;
using test::toy_settings;
using test::toy_update;
using testing::HasSubstr;

float first_weight(const Coordinator& c) { return c.state().global.tensors[0].values[0]; }

void answer(Coordinator& c, std::initializer_list<const char*> sites, std::int64_t cases = 1, float delta = 1) {
  const RoundPlan plan = c.plan();
  for (const char* site : sites) EXPECT_EQ(c.receive(site, toy_update(plan, delta, cases)).kind, ReceiptKind::kAccepted) << site;
}

TEST(RoundPolicy, StalenessCountsAsTheOracleSays) {
  if (consilium::test::is_absent("oracles/algorithms.json")) GTEST_SKIP() << consilium::test::kNeedsShared << "oracles/algorithms.json";
  const Json oracle = consilium::test::oracle("algorithms", "fedbuff_staleness");
  for (std::size_t n = 0; n < oracle["input"]["tau"].size(); ++n)
    EXPECT_NEAR(staleness_discount(oracle["input"]["tau"][n].get<std::int64_t>()), oracle["expected"][n].get<double>(), oracle["tolerance"]["abs"].get<double>());
}

/// Failure F8 and complaint 5: the two largest hospitals were left out because the others were quicker, and the run was called a success.
TEST(RoundPolicy, F8_TheLargestSiteIsWaitedForLongerAndItsAbsenceIsSaid) {
  Coordinator c(toy_settings(), toy_model(), 0);
  answer(c, {"east", "north"}, 10);
  answer(c, {"west"}, 500);
  ASSERT_TRUE(c.advance(0));
  answer(c, {"east", "north"}, 10);
  EXPECT_FALSE(c.advance(31)) << "past the deadline with a quorum of sites, but without 96 % of the cases";
  const auto report = c.advance(61);
  ASSERT_TRUE(report) << "not longer than twice the deadline";
  EXPECT_EQ(report->sites[2].participation, Participation::kLate);
  EXPECT_THAT(report->sites[2].reason, HasSubstr("500 cases"));
  answer(c, {"north", "west"}, 10);
  EXPECT_TRUE(c.advance(61 + 31)) << "a small site is not waited for so long";
}

TEST(RoundPolicy, TheFirstRoundMayWaitLonger) {
  FederationSettings settings = toy_settings();
  settings.policy.start_seconds = 500;
  Coordinator c(settings, toy_model(), 0);
  answer(c, {"east", "north"});
  EXPECT_FALSE(c.advance(499));
  EXPECT_TRUE(c.advance(501));
  answer(c, {"east", "north"});
  EXPECT_TRUE(c.advance(501 + 31));
}

/// Complaint 2: a run that ended for nobody, "TRAINING_STARTED" for ever.
TEST(RoundPolicy, ARoundThatNeverGetsItsQuorumIsAbandoned) {
  FederationSettings settings = toy_settings();
  settings.policy.abandon_seconds = 100;
  Coordinator c(settings, toy_model(), 0);
  answer(c, {"east"});
  EXPECT_FALSE(c.advance(99));
  EXPECT_FALSE(c.is_abandoned(99));
  EXPECT_TRUE(c.is_abandoned(100));
  EXPECT_THAT(c.waiting_for(), testing::ElementsAre("north", "west"));
}

/// Failure F5: the slowest site's model came after the others had moved on, was not recognised, and the run was aborted.
TEST(RoundPolicy, F5_ALateUpdateIsRefusedByDefaultAndNothingElseHappens) {
  Coordinator c(toy_settings(), toy_model(), 0);
  const RoundPlan first = c.plan();
  answer(c, {"east", "north"});
  ASSERT_TRUE(c.advance(31));
  const float before = first_weight(c);
  const Receipt receipt = c.receive("west", toy_update(first, 5, 1));
  EXPECT_EQ(receipt.kind, ReceiptKind::kStale);
  EXPECT_THAT(receipt.reason, HasSubstr("round 0 is closed"));
  EXPECT_EQ(first_weight(c), before);
  EXPECT_EQ(c.waiting_for().size(), 3U) << "it can still take part in the open round";
}

TEST(RoundPolicy, F5_ALateUpdateIsMergedWhereThePolicySaysSo) {
  FederationSettings settings = toy_settings();
  settings.policy.late = LateUpdates::kMerge;
  Coordinator c(settings, toy_model(), 0);
  const RoundPlan first = c.plan();
  answer(c, {"east", "north"});
  ASSERT_TRUE(c.advance(31));
  ASSERT_FLOAT_EQ(first_weight(c), 1);
  EXPECT_EQ(c.receive("west", toy_update(first, 5, 2)).kind, ReceiptKind::kAccepted);
  EXPECT_EQ(c.receive("west", toy_update(first, 5, 2)).kind, ReceiptKind::kDuplicate);
  EXPECT_EQ(c.receive("east", toy_update(first, 5, 2)).kind, ReceiptKind::kDuplicate) << "its update of that round has counted";
  answer(c, {"east"}, 1, 3);
  const auto report = c.advance(62);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites[2].participation, Participation::kMerged);
  EXPECT_THAT(report->sites[2].reason, HasSubstr("round 0"));
  EXPECT_EQ(report->sites[2].cases, 2);
  EXPECT_EQ(report->sites[2].validation.cases, 0) << "it validated another model than this round's";
  EXPECT_FLOAT_EQ(first_weight(c), static_cast<float>(1 + (1 * 3 + 2 * staleness_discount(1) * 5) / 3));
}

TEST(RoundPolicy, AnUpdateThatIsTooOldOrOfAnotherModelIsNotMerged) {
  FederationSettings settings = toy_settings(5);
  settings.policy.late = LateUpdates::kMerge;
  settings.policy.most_staleness = 1;
  settings.quorum = 2;
  Coordinator c(settings, toy_model(), 0);
  const RoundPlan first = c.plan();
  answer(c, {"east", "north"});
  ASSERT_TRUE(c.advance(31));
  Update other = toy_update(first, 1, 1);
  other.base_digest = c.plan().base_digest;
  EXPECT_EQ(c.receive("west", other).kind, ReceiptKind::kRejected);
  answer(c, {"east", "north"});
  ASSERT_TRUE(c.advance(62));
  EXPECT_THAT(c.receive("west", toy_update(first, 1, 1)).reason, HasSubstr("2 rounds ago"));
}

/// FedBuff: whichever two come first make a step, and a site that is nine times slower stops nobody (complaint 9).
TEST(RoundPolicy, ABufferOfUpdatesClosesARoundAndTheSlowSiteCountsWhenItComes) {
  FederationSettings settings = toy_settings(10);
  settings.quorum = 2;
  settings.policy.close_after = 2;
  settings.policy.late = LateUpdates::kMerge;
  Coordinator c(settings, toy_model(), 0);
  const RoundPlan first = c.plan();
  for (int round = 0; round < 3; ++round) {
    answer(c, {"east", "north"});
    ASSERT_TRUE(c.advance(round)) << "long before the deadline";
  }
  EXPECT_EQ(c.receive("west", toy_update(first, 8, 1)).kind, ReceiptKind::kAccepted);
  EXPECT_FALSE(c.advance(3));
  answer(c, {"north"});
  const auto report = c.advance(3);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites[0].participation, Participation::kLate);
  EXPECT_EQ(report->sites[2].participation, Participation::kMerged);
  EXPECT_FLOAT_EQ(first_weight(c), static_cast<float>(3 + (1 + staleness_discount(3) * 8) / 2));
}

TEST(RoundPolicy, OnlyThoseWhoWereAskedAreWaitedForAndTheLastLookAsksAll) {
  FederationSettings settings = toy_settings(1);
  settings.quorum = 1;
  settings.policy.selection = {.rule = SelectionRule::kRandom, .sites = 1, .seed = 3};
  Coordinator c(settings, toy_model(), 0);
  ASSERT_EQ(c.asked().size(), 1U);
  const std::string asked = c.asked()[0], other = asked == "east" ? "west" : "east";
  EXPECT_EQ(c.receive(other, toy_update(c.plan(), 1, 1)).kind, ReceiptKind::kRejected);
  answer(c, {asked.c_str()});
  const auto report = c.advance(0);
  ASSERT_TRUE(report);
  int not_asked = 0;
  for (const SiteOutcome& outcome : report->sites) not_asked += outcome.participation == Participation::kNotAsked ? 1 : 0;
  EXPECT_EQ(not_asked + 1, 2) << "one was asked, one answered unasked, one was neither";
  EXPECT_EQ(c.asked().size(), 3U);
}

TEST(RoundPolicy, ComesBackFromItsJsonAndRefusesWhatCannotBe) {
  const Json json{{"close_after", 2}, {"late", "merge"}, {"most_staleness", 4}, {"start_seconds", 10.0}, {"cases_quorum", 0.25}, {"abandon_seconds", 60.0}, {"selection", {{"rule", "loss"}, {"sites", 2}, {"all_every", 5}}}};
  RoundPolicy policy;
  SettingsReader reader(json, "policy");
  read_round_policy(reader, policy);
  reader.finish();
  EXPECT_EQ(to_json(policy), json);
  EXPECT_NO_THROW(validate(policy, 3, "policy"));
  const auto refused = [](auto change) {
    FederationSettings settings = toy_settings();
    change(settings);
    EXPECT_THROW(validate(settings), Error);
  };
  refused([](FederationSettings& s) { s.policy.close_after = 4; });
  refused([](FederationSettings& s) { s.policy.close_after = 1; });  // below the quorum: it would never close a round
  refused([](FederationSettings& s) { s.policy.most_staleness = 0; });
  refused([](FederationSettings& s) { s.policy.cases_quorum = 1.5; });
  refused([](FederationSettings& s) { s.policy.abandon_seconds = 0; });
  refused([](FederationSettings& s) { s.policy.start_seconds = -1; });
  refused([](FederationSettings& s) { s.policy.selection = {.rule = SelectionRule::kRandom, .sites = 4}; });
}

}  // namespace
}  // namespace consilium::fl
