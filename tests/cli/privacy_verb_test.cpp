#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/settings.h"
#include "fl/privacy/budget.h"
#include "tests/support/program.h"

// `consilium privacy` as its users see it.
namespace consilium {
namespace {

using test::Outcome;
using testing::HasSubstr;

Outcome privacy(std::vector<std::string> words) {
  words.insert(words.begin(), {test::consilium_program(), "privacy"});
  return test::run_program(words);
}

TEST(PrivacyVerb, EpsilonIsThatOfEachAccountant) {
  const Outcome outcome = privacy({"epsilon", "--noise", "1.0", "--sampling-rate", "0.1", "--steps", "100", "--delta", "1e-5", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "epsilon");
  // As docs/privacy.md shows.
  EXPECT_NEAR(json["epsilon"]["pld"].get<double>(), 7.046609, 1e-5);
  EXPECT_NEAR(json["epsilon"]["rdp"].get<double>(), 7.899255, 1e-5);
  EXPECT_LT(json["epsilon"]["central_limit"].get<double>(), json["epsilon"]["pld"].get<double>());
  const Outcome text = privacy({"epsilon", "--noise", "1.0", "--sampling-rate", "0.1", "--steps", "100", "--delta", "1e-5"});
  EXPECT_THAT(text.out, HasSubstr("7.04661    PLD accountant (tight)"));
}

TEST(PrivacyVerb, NoiseReachesTheGoalAndNoMore) {
  for (const std::string accountant : {"pld", "rdp"}) {
    const Outcome outcome = privacy({"noise", "--epsilon", "4", "--sampling-rate", "0.1", "--steps", "100", "--delta", "1e-5", "--accountant", accountant, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json json = parse_json(outcome.out, "noise");
    EXPECT_LE(json["epsilon"].get<double>(), 4);
    EXPECT_GT(json["epsilon"].get<double>(), 3.99);
    const Outcome back = privacy({"epsilon", "--noise", json["noise_multiplier"].dump(), "--sampling-rate", "0.1", "--steps", "100", "--delta", "1e-5", "--json"});
    EXPECT_NEAR(parse_json(back.out, "epsilon")["epsilon"][accountant].get<double>(), json["epsilon"].get<double>(), 1e-6);
  }
}

TEST(PrivacyVerb, BudgetShowsWhatTheLedgerHolds) {
  const TemporaryFolder folder;
  {
    fl::BudgetLedger ledger(folder.path());
    for (const std::int64_t round : {0, 1}) ledger.charge({.run = "one", .round = round, .draw = "a", .releases = {1.5, 0.2, 20}}, {}, 1800000000);
    ledger.charge({.run = "two", .round = 0, .draw = "b", .releases = {1.5, 0.2, 20}}, {}, 1800000000);
  }
  const Outcome outcome = privacy({"budget", folder.path().string(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = parse_json(outcome.out, "budget");
  EXPECT_EQ(json["spends"].size(), 3U);
  ASSERT_EQ(json["runs"].size(), 2U);
  const auto epsilon_of_steps = [](const char* steps) {
    return parse_json(privacy({"epsilon", "--noise", "1.5", "--sampling-rate", "0.2", "--steps", steps, "--delta", "1e-5", "--json"}).out, "epsilon")["epsilon"]["pld"].get<double>();
  };
  EXPECT_NEAR(json["runs"][0]["epsilon"].get<double>(), epsilon_of_steps("40"), 1e-6);
  EXPECT_NEAR(json["runs"][1]["epsilon"].get<double>(), epsilon_of_steps("20"), 1e-6);
  EXPECT_NEAR(json["epsilon_last_365_days"].get<double>(), epsilon_of_steps("60"), 1e-6) << "what lies ahead of the clock counts";
  const Outcome text = privacy({"budget", folder.path().string()});
  EXPECT_THAT(text.out, HasSubstr("3 spends; epsilon "));
  EXPECT_THAT(text.out, HasSubstr("2027-01-15"));
}

TEST(PrivacyVerb, AnEmptyFolderHasSpentNothingAndADamagedOneIsCode4) {
  const TemporaryFolder folder;
  const Outcome empty = privacy({"budget", folder.path().string(), "--json"});
  ASSERT_EQ(empty.code, 0) << empty.err;
  EXPECT_EQ(parse_json(empty.out, "budget")["epsilon_last_365_days"], 0);
  write_file(folder.path() / "privacy.sqlite", std::string(5000, 'x'));
  EXPECT_EQ(privacy({"budget", folder.path().string()}).code, 4);
}

TEST(PrivacyVerb, WhatMakesNoSenseIsAUsageError) {
  EXPECT_EQ(privacy({}).code, 2);
  EXPECT_EQ(privacy({"epsilon", "--noise", "1"}).code, 2);
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--delta", "2"}, {"--delta", "1e-5", "--sampling-rate", "1.5"}}) {
    std::vector<std::string> words{"epsilon", "--noise", "1", "--steps", "10"};
    words.insert(words.end(), bad.begin(), bad.end());
    const Outcome outcome = privacy(words);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_FALSE(outcome.err.empty());
  }
  EXPECT_EQ(privacy({"noise", "--epsilon", "4", "--steps", "10", "--delta", "1e-5", "--accountant", "guess"}).code, 2);
  EXPECT_THAT(privacy({"--help"}).out, HasSubstr("consilium privacy epsilon --noise"));
}

}  // namespace
}  // namespace consilium
