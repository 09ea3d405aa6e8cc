#include "fl/privacy/budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"

namespace consilium::fl {
namespace {

constexpr std::int64_t kNow = 1800000000, kDay = 24 * 3600;

PrivacySpend spend_of(std::int64_t round, const std::string& draw = "a", const std::string& run = "run") {
  return {.run = run, .round = round, .draw = draw, .releases = {1.5, 0.2, 20}, .clip = 1};
}

double epsilon(std::int64_t rounds, const PrivacyBudget& budget = {}) { return epsilon_of(std::vector<SampledGaussian>{{1.5, 0.2, 20 * rounds}}, budget.delta, budget.accountant); }

TEST(BudgetLedger, AddsUpOverRoundsAndOutlivesItsProcess) {
  const TemporaryFolder folder;
  for (std::int64_t round = 0; round < 3; ++round) {
    BudgetLedger ledger(folder.path());
    EXPECT_NEAR(ledger.charge(spend_of(round), {}, kNow).run, epsilon(round + 1), 1e-9);
  }
  const std::vector<BudgetEntry> entries = read_budget_ledger(folder.path());
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[1].spend, spend_of(1));
  EXPECT_EQ(entries[1].time, kNow);
  EXPECT_NEAR(entries[1].after.year, epsilon(2), 1e-9);
}

TEST(BudgetLedger, TheSameRoundAgainIsFreeAndWithOtherNoiseIsNot) {
  const TemporaryFolder folder;
  BudgetLedger ledger(folder.path());
  const double once = ledger.charge(spend_of(0), {}, kNow).run;
  EXPECT_EQ(ledger.charge(spend_of(0), {}, kNow + 5).run, once);
  EXPECT_EQ(read_budget_ledger(folder.path()).size(), 1U);
  EXPECT_NEAR(ledger.charge(spend_of(0, "b"), {}, kNow).run, epsilon(2), 1e-9);
  PrivacySpend changed = spend_of(0);
  changed.releases.noise_multiplier = 9;
  try {
    ledger.charge(changed, {}, kNow);
    FAIL() << "the same noise for less privacy";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
  }
}

TEST(BudgetLedger, StopsBeforeARunsBudgetWouldBePassed) {
  const TemporaryFolder folder;
  BudgetLedger ledger(folder.path());
  PrivacyBudget budget;
  budget.epsilon_per_run = epsilon(2) + 1e-6;
  ledger.charge(spend_of(0), budget, kNow);
  ledger.charge(spend_of(1), budget, kNow);
  try {
    ledger.charge(spend_of(2), budget, kNow);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), testing::HasSubstr("epsilon_per_run"));
  }
  EXPECT_EQ(read_budget_ledger(folder.path()).size(), 2U) << "what is refused is not charged";
  EXPECT_NO_THROW(ledger.charge(spend_of(1), budget, kNow)) << "what was charged may be sent again";
  EXPECT_NO_THROW(ledger.charge(spend_of(0, "a", "another run"), budget, kNow));
}

TEST(BudgetLedger, AYearsBudgetCountsAllRunsAndForgetsAfterAYear) {
  const TemporaryFolder folder;
  BudgetLedger ledger(folder.path());
  PrivacyBudget budget;
  budget.epsilon_per_year = epsilon(2) + 1e-6;
  ledger.charge(spend_of(0, "a", "one"), budget, kNow);
  ledger.charge(spend_of(0, "a", "two"), budget, kNow + 100 * kDay);
  const auto third = [&](std::int64_t time) { return ledger.charge(spend_of(0, "a", "three"), budget, time); };
  EXPECT_THROW(third(kNow + 364 * kDay), Error);
  EXPECT_THROW(third(kNow - 400 * kDay), Error) << "a clock that was set back";
  EXPECT_NEAR(third(kNow + 366 * kDay).year, epsilon(2), 1e-9);
}

TEST(BudgetLedger, AClockThatWasSetBackDoesNotAgeASpend) {
  const TemporaryFolder folder;
  BudgetLedger ledger(folder.path());
  ledger.charge(spend_of(0), {}, kNow);
  ledger.charge(spend_of(1), {}, kNow - 300 * kDay);
  EXPECT_EQ(read_budget_ledger(folder.path())[1].time, kNow);
}

/// A process that is killed as soon as `charge` has returned leaves the charge behind.
TEST(BudgetLedger, AChargeSurvivesAKill) {
  const TemporaryFolder folder;
  for (std::int64_t round = 0; round < 5; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      BudgetLedger(folder.path()).charge(spend_of(round), {}, kNow);
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(read_budget_ledger(folder.path()).size(), static_cast<std::size_t>(round + 1));
  }
}

TEST(BudgetLedger, ProcessesThatChargeAtOnceLoseNothing) {
  const TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int n = 0; n < 4; ++n) {
    children.push_back(fork());
    if (children.back() == 0) {
      try {
        BudgetLedger ledger(folder.path());
        for (std::int64_t round = 0; round < 3; ++round) ledger.charge(spend_of(round, "a", "run " + std::to_string(n)), {.accountant = Accountant::kRdp}, kNow);
        _exit(0);
      } catch (const Error& error) {  // it must not clear up its parent's folder
        std::fprintf(stderr, "%s\n", error.what());
        _exit(3);
      }
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const std::vector<BudgetEntry> entries = read_budget_ledger(folder.path());
  ASSERT_EQ(entries.size(), 12U);
  EXPECT_NEAR(entries.back().after.year, epsilon(12, {.accountant = Accountant::kRdp}), 1e-9);
}

TEST(BudgetLedger, ItsNoiseKeyStaysAndIsTheSitesAlone) {
  const TemporaryFolder folder, other;
  const std::string name = BudgetLedger(folder.path()).noise_key().name();
  EXPECT_EQ(BudgetLedger(folder.path()).noise_key().name(), name);
  EXPECT_NE(BudgetLedger(other.path()).noise_key().name(), name);
  struct stat file {};
  ASSERT_EQ(stat((folder.path() / "noise.key").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(BudgetLedger, DamagedAndForeignFilesAreRefused) {
  const TemporaryFolder folder;
  EXPECT_TRUE(read_budget_ledger(folder.path()).empty());
  write_file(folder.path() / "privacy.sqlite", std::string(5000, 'x'));
  try {
    BudgetLedger ledger(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
  }
}

TEST(PrivacyBudget, ReadsItsKeysAndRefusesValuesOutOfRange) {
  const auto parse = [](const Json& json) {
    PrivacyBudget budget;
    SettingsReader reader(json, "privacy_budget");
    read_privacy_budget(reader, budget);
    return budget;
  };
  EXPECT_EQ(parse(Json::object()), PrivacyBudget{});
  const PrivacyBudget all{3, 1, 1e-6, Accountant::kRdp};
  EXPECT_EQ(parse(to_json(all)), all);
  for (const auto& [key, value] : std::vector<std::pair<const char*, double>>{{"epsilon_per_year", -1}, {"epsilon_per_run", -1}, {"delta", 0}, {"delta", 1}}) EXPECT_THROW(parse({{key, value}}), Error) << key;
  EXPECT_THROW(parse({{"accountant", "moments"}}), Error);
}

}  // namespace
}  // namespace consilium::fl
