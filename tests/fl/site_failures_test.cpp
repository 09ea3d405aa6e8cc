#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/fl/federation_fixture.h"
#include "tests/fl/without_commitments.h"
#include "tests/support/refusal.h"

// What goes wrong at one hospital and must not be felt at the others (docs/failures.md).
namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::Federation;
using test::toy_model;
using test::toy_settings;
using test::ToyTrainer;
using testing::HasSubstr;

class SiteFailures : public Federation {};

/// F1: the site with most data trains for hours and says nothing. Here it trains three times as long as it would wait for a silent coordinator.
TEST_F(SiteFailures, F1_WhoTrainsForLongIsNotDeclaredDead) {
  FederationSettings settings = toy_settings(2);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  ToyTrainer slow(0.1F, 3, 100, 1500), others[2] = {{0.3F, 5}, {-0.2F, 1}};
  auto east = std::async(std::launch::async, [&] { return run_site(site("east", 0.5), slow); });
  auto north = join("north", others[0]), west = join("west", others[1]);
  EXPECT_EQ(without_commitments(hub.get()), undisturbed(settings).state);
  east.get(), north.get(), west.get();
  EXPECT_EQ(slow.trained, 2);
  EXPECT_EQ(others[0].trained, 2) << "nobody else's round is touched";
}

/// A hospital's policy refuses the plan: its owner and the coordinator's read why, and the others go on without waiting for the deadline.
TEST_F(SiteFailures, ASiteWhosePolicyRefusesThePlanSaysSoAndTakesNothing) {
  FederationSettings settings = toy_settings(2);
  settings.quorum = 2;
  settings.deadline_seconds = 600;
  std::vector<RoundReport> reports;
  auto hub = coordinator(settings, "localhost:0", nullptr, [&](const RoundReport& report) { reports.push_back(report); });
  ToyTrainer strict(0.1F, 3), others[2] = {{0.3F, 5}, {-0.2F, 1}};
  SiteOptions options = site("east");
  options.refuses = [](const RoundPlan& plan, std::uint64_t model_bytes) { return plan.rounds == 2 && model_bytes > 0 ? "updates have to be hidden" : ""; };
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { run_site(options, strict); }), HasSubstr("this site's policy refuses the plan: updates have to be hidden"));
  EXPECT_EQ(strict.trained, 0);
  for (const auto& entry : fs::directory_iterator(folder.path() / "east")) EXPECT_FALSE(entry.path().filename().string().starts_with("download_")) << "it took a model";
  auto north = join("north", others[0]), west = join("west", others[1]);
  hub.get(), north.get(), west.get();
  ASSERT_EQ(reports.size(), 3U);
  for (const RoundReport& report : reports) EXPECT_EQ(report.sites[0].reason, "the site refuses the plan: updates have to be hidden");
}

/// Fails as LibTorch does when a device goes away, once.
class LosesItsDevice : public ToyTrainer {
 public:
  using ToyTrainer::ToyTrainer;
  Update train(const RoundPlan& plan, const ModelState& global) override {
    if (plan.round == 1 && !failed_) {
      failed_ = true;
      throw Error(ErrorCode::kUnexpected, "CUDA error: the device is lost");
    }
    return ToyTrainer::train(plan, global);
  }

 private:
  bool failed_ = false;
};

/// F2: the device vanishes while a site trains. The site says so and ends; the others keep their round, and the site that is started again is in it.
TEST_F(SiteFailures, F2_ASiteThatLosesItsDeviceEndsAndComesBack) {
  FederationSettings settings = toy_settings(3);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  LosesItsDevice east_trainer(0.1F, 3);
  ToyTrainer others[2] = {{0.3F, 5}, {-0.2F, 1}};
  auto north = join("north", others[0]), west = join("west", others[1]);
  EXPECT_THAT(refusal(ErrorCode::kUnexpected, [&] { run_site(site("east"), east_trainer); }), HasSubstr("the device is lost"));
  auto east = join("east", east_trainer);
  EXPECT_EQ(without_commitments(hub.get()), undisturbed(settings).state);
  east.get(), north.get(), west.get();
  EXPECT_EQ(others[0].trained, 3) << "nobody else's work is repeated";
}

/// The same where the rule lets the others go on: the round says who was missing.
TEST_F(SiteFailures, F2_WhereAQuorumIsEnoughTheRoundGoesOnWithoutIt) {
  FederationSettings settings = toy_settings(3);
  settings.deadline_seconds = 0.5;
  settings.policy.start_seconds = 60;  // in the first round all are there, however busy the machine
  settings.policy.cases_quorum = 0;
  auto hub = coordinator(settings);
  LosesItsDevice east_trainer(0.1F, 3);
  ToyTrainer others[2] = {{0.3F, 5}, {-0.2F, 1}};
  auto north = join("north", others[0]), west = join("west", others[1]);
  refusal(ErrorCode::kUnexpected, [&] { run_site(site("east"), east_trainer); });
  const RunState state = hub.get();
  ASSERT_EQ(state.reports.size(), 4U);
  EXPECT_EQ(state.reports[1].sites[0].participation, Participation::kLate);
  EXPECT_THAT(state.reports[1].sites[0].reason, HasSubstr("3 cases"));
  north.get(), west.get();
}

}  // namespace
}  // namespace consilium::fl
