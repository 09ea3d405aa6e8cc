#include "fl/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "tests/fl/toy.h"

namespace consilium::fl {
namespace {

using test::toy_model;
using test::toy_settings;
using test::toy_update;

TEST(Coordinator, ClosesARoundWhenEverySiteHasAnsweredAndWeighsByCases) {
  Coordinator c(toy_settings(), toy_model(), 0);
  const RoundPlan plan = c.plan();
  EXPECT_EQ(c.receive("east", toy_update(plan, 1, 10)).kind, ReceiptKind::kAccepted);
  EXPECT_EQ(c.receive("west", toy_update(plan, 2, 20)).kind, ReceiptKind::kAccepted);
  EXPECT_FALSE(c.advance(1));
  EXPECT_THAT(c.waiting_for(), testing::ElementsAre("north"));
  c.receive("north", toy_update(plan, 4, 10));
  const auto report = c.advance(1);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites.size(), 3U);
  EXPECT_FLOAT_EQ(c.state().global.tensors[0].values[0], (1 * 10 + 2 * 20 + 4 * 10) / 40.0F);
  EXPECT_EQ(c.plan().round, 1);
  EXPECT_EQ(c.plan().base_digest, digest(c.state().global));
}

TEST(Coordinator, ASiteThatRefusesThePlanIsNotWaitedForUntilItSendsAnUpdate) {
  FederationSettings settings = toy_settings(3);
  settings.quorum = 2;
  Coordinator c(settings, toy_model(), 0);
  const auto others_answer = [&] {
    const RoundPlan plan = c.plan();
    c.receive("east", toy_update(plan, 1, 10));
    c.receive("west", toy_update(plan, 2, 20));
    return c.advance(1);
  };
  const Receipt receipt = c.decline("north", "updates have to be hidden\n");
  EXPECT_EQ(receipt.kind, ReceiptKind::kRejected);
  EXPECT_THAT(c.waiting_for(), testing::ElementsAre("east", "west"));
  for (int round = 0; round < 2; ++round) {
    const auto report = others_answer();
    ASSERT_TRUE(report) << "round " << round;
    EXPECT_EQ(report->sites[1].participation, Participation::kRejected);
    EXPECT_THAT(report->sites[1].reason, testing::StartsWith("the site refuses the plan: updates have to be hidden"));
    EXPECT_EQ(report->sites[1].reason.find('\n'), std::string::npos);
  }
  EXPECT_EQ(c.receive("north", toy_update(c.plan(), 3, 10)).kind, ReceiptKind::kAccepted);
  const auto report = others_answer();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites[1].participation, Participation::kAccepted);
  EXPECT_THAT(c.waiting_for(), testing::Contains("north"));
  EXPECT_THROW(c.decline("nobody", ""), Error);
}

TEST(Coordinator, ASiteThatJudgesAThirdOfTheRegionsHasAThirdOfTheSay) {
  Coordinator c(toy_settings(), toy_model(), 0);
  const RoundPlan plan = c.plan();
  Update whole = toy_update(plan, 1, 10), partial = whole, none = whole;
  whole.validation = {0.4, 2};
  partial.validation = {0.8, 2, 1.0 / 3};
  none.validation = {};
  c.receive("east", whole);
  c.receive("north", partial);
  c.receive("west", none);
  const auto report = c.advance(1);
  ASSERT_TRUE(report);
  EXPECT_DOUBLE_EQ(report->validation, (2 * 0.4 + 2.0 / 3 * 0.8) / (2 + 2.0 / 3));
  EXPECT_EQ(report->validation_cases, 4);
}

TEST(Coordinator, AWeightThatCannotBeIsRejected) {
  for (const double weight : {0.0, -1.0, 1.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Coordinator c(toy_settings(), toy_model(), 0);
    Update update = toy_update(c.plan(), 1, 1);
    update.validation.weight = weight;
    const Receipt receipt = c.receive("east", update);
    EXPECT_EQ(receipt.kind, ReceiptKind::kRejected) << weight;
    EXPECT_THAT(receipt.reason, testing::HasSubstr("weight of its validation"));
  }
}

/// Over a run of weeks: reasons, commitments and most metrics are in run.sqlite; what selection, weights and the choice of the best model ask for stays.
TEST(Coordinator, OfRoundsLongClosedItKeepsWhatLaterOnesAskFor) {
  Coordinator c(toy_settings(3), toy_model(), 0);
  const auto round = [&] {
    for (const char* site : {"east", "north", "west"}) {
      Update update = toy_update(c.plan(), 1, 10);
      update.metrics = {{"loss", 0.5}, {"seconds", 2}, {"confidence", 1}};
      EXPECT_EQ(c.receive(site, std::move(update)).kind, ReceiptKind::kAccepted);
    }
    return *c.advance(1);
  };
  const RoundReport first = round();
  EXPECT_TRUE(c.state().reports.back() == first) << "the last is whole: it is saved";
  round();
  const RoundReport kept = c.state().reports.front();
  EXPECT_EQ(kept.base_digest, first.base_digest);
  EXPECT_EQ(kept.validation, first.validation);
  for (const SiteOutcome& outcome : kept.sites) {
    EXPECT_EQ(outcome.cases, 10);
    EXPECT_EQ(outcome.participation, Participation::kAccepted);
    EXPECT_EQ(outcome.metrics, (std::map<std::string, double>{{"loss", 0.5}, {"seconds", 2}}));
  }
}

TEST(Coordinator, ASiteThatIsLateDoesNotStopARound) {
  Coordinator c(toy_settings(), toy_model(), 100);
  const RoundPlan plan = c.plan();
  c.receive("east", toy_update(plan, 1, 1));
  EXPECT_FALSE(c.advance(131));  // past the deadline, but one update is no quorum
  c.receive("west", toy_update(plan, 1, 1));
  EXPECT_FALSE(c.advance(129.9));  // a quorum, but there is time left for the third
  const auto report = c.advance(131);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites[1].site, "north");
  EXPECT_EQ(report->sites[1].participation, Participation::kLate);
  EXPECT_EQ(c.receive("north", toy_update(plan, 1, 1)).kind, ReceiptKind::kStale);
  EXPECT_EQ(c.deadline(), 131 + 30);  // the next round has its own time
}

TEST(Coordinator, ABadUpdateIsRejectedWithItsReasonAndCanBeSentAgain) {
  Coordinator c(toy_settings(), toy_model(), 0);
  const RoundPlan plan = c.plan();
  Update bad = toy_update(plan, 1, 1);
  bad.delta.tensors[0].values[3] = std::numeric_limits<float>::quiet_NaN();
  const Receipt receipt = c.receive("east", bad);
  EXPECT_EQ(receipt.kind, ReceiptKind::kRejected);
  EXPECT_THAT(receipt.reason, testing::AllOf(testing::HasSubstr("east"), testing::HasSubstr("a.weight"), testing::HasSubstr("not finite")));
  Update other = toy_update(plan, 1, 1);
  other.base_digest = std::string(64, '0');
  EXPECT_EQ(c.receive("west", other).kind, ReceiptKind::kRejected);
  EXPECT_EQ(c.receive("west", toy_update(plan, 1, 1)).kind, ReceiptKind::kAccepted);
  EXPECT_EQ(c.receive("west", toy_update(plan, 9, 1)).kind, ReceiptKind::kDuplicate);
  c.receive("north", toy_update(plan, 1, 1));
  const auto report = c.advance(0);  // everybody has answered, one of them badly
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sites[0].participation, Participation::kRejected);
  EXPECT_FLOAT_EQ(c.state().global.tensors[0].values[0], 1);
}

TEST(Coordinator, TheCertificateNamesTheSiteAndStrangersAreRefused) {
  Coordinator c(toy_settings(), toy_model(), 0);
  Update update = toy_update(c.plan(), 1, 1);
  update.site = "west";
  c.receive("east", update);
  EXPECT_THAT(c.waiting_for(), testing::ElementsAre("north", "west"));
  EXPECT_THROW(c.receive("south", update), Error);
}

TEST(Coordinator, TheBestModelIsChosenByTheSitesValidation) {
  Coordinator c(toy_settings(3), toy_model(), 0);
  const double scores[] = {0.2, 0.9, 0.4, 0.5};
  std::vector<std::string> digests;
  for (const double score : scores) {
    const RoundPlan plan = c.plan();
    digests.push_back(plan.base_digest);
    for (const char* site : {"east", "north", "west"}) {
      Update update = toy_update(plan, 1, 1);
      update.validation = {site == std::string("east") ? score : 0.1, site == std::string("east") ? 98 : 1};
      c.receive(site, update);
    }
    ASSERT_TRUE(c.advance(0));
  }
  EXPECT_TRUE(c.is_finished());
  EXPECT_EQ(c.state().best_round, 1);
  EXPECT_EQ(c.state().reports[1].base_digest, digests[1]);
  EXPECT_NEAR(c.state().best_validation, (0.9 * 98 + 0.2) / 100, 1e-12);
  EXPECT_EQ(c.receive("east", toy_update({3, 3, "", ""}, 1, 1)).kind, ReceiptKind::kStale);
}

TEST(Coordinator, AValidationBeyondOneIsRejected) {
  Coordinator c(toy_settings(1), toy_model(), 0);
  for (const double score : {1.5, -0.1, std::nan(""), std::numeric_limits<double>::infinity()}) {
    Update update = toy_update(c.plan(), 1, 1);
    update.validation = {score, 1};
    const Receipt receipt = c.receive("east", update);
    EXPECT_EQ(receipt.kind, ReceiptKind::kRejected) << score;
    EXPECT_NE(receipt.reason.find("[0, 1]"), std::string::npos) << receipt.reason;
  }
}

TEST(Coordinator, WithoutValidationTheLastModelIsTheBest) {
  Coordinator c(toy_settings(2), toy_model(), 0);
  for (int round = 0; round <= 2; ++round) {
    const RoundPlan plan = c.plan();
    for (const char* site : {"east", "north", "west"}) {
      Update update = toy_update(plan, 1, 1);
      update.validation = {};
      c.receive(site, update);
    }
    ASSERT_TRUE(c.advance(0));
  }
  EXPECT_EQ(c.state().best_round, 2);
  EXPECT_FLOAT_EQ(c.state().global.tensors[0].values[0], 2);
}

TEST(Coordinator, SettingsThatCannotWorkAreRefusedByName) {
  const auto message = [](auto change) {
    FederationSettings settings = toy_settings();
    change(settings);
    try {
      validate(settings);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message([](FederationSettings& s) { s.sites.push_back("east"); }), testing::HasSubstr("twice"));
  EXPECT_THAT(message([](FederationSettings& s) { s.sites[0] = "no space"; }), testing::HasSubstr("no space"));
  EXPECT_THAT(message([](FederationSettings& s) { s.quorum = 4; }), testing::HasSubstr("quorum"));
  EXPECT_THAT(message([](FederationSettings& s) { s.rounds = -1; }), testing::HasSubstr("rounds"));
  EXPECT_THAT(message([](FederationSettings& s) { s.deadline_seconds = -1; }), testing::HasSubstr("deadline"));
}

}  // namespace
}  // namespace consilium::fl
