#include "fl/run_store.h"
#include "pipelines/training_settings.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::HasSubstr;

class AbsentSite : public test::TinyFederation {};

TEST_F(AbsentSite, AQuorumAndADeadlineCloseTheRoundWithoutItAndTheReportSaysSo) {
  make({"east", "north", "west"}, training(2, 2));
  Json json = hub_settings();
  json["quorum"] = 2;
  json["deadline_seconds"] = 3;
  json["linger_seconds"] = 1;
  write_json("hub.json", json);
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  EXPECT_THAT(hub->err(), HasSubstr("round 1: site north late: nothing came before the round was closed"));
  EXPECT_THAT(hub->err(), HasSubstr("round 1 of 2: 2 of 3 sites"));

  const auto task = to_json(pipelines::parse_training_settings(training(2, 2), "t")).dump();
  const auto state =
      fl::RunStore(path("hub"), {.sites = sites, .rounds = 2, .quorum = 2, .deadline_seconds = 3, .task = task}).load();
  ASSERT_TRUE(state);
  ASSERT_EQ(state->reports.size(), 3U);  // two trainings and the last look
  for (const fl::RoundReport& report : state->reports) {
    ASSERT_EQ(report.sites.size(), 3U);
    EXPECT_EQ(report.sites[0].participation, fl::Participation::kAccepted) << "round " << report.round;
    EXPECT_EQ(report.sites[1].site, "north");
    EXPECT_EQ(report.sites[1].participation, fl::Participation::kLate);
    EXPECT_EQ(report.sites[2].participation, fl::Participation::kAccepted);
  }
}

TEST_F(AbsentSite, WithoutAQuorumTheRoundWaitsOnUntilTheSiteComes) {
  make({"east", "west"}, training(1, 2));
  Json json = hub_settings();
  json["deadline_seconds"] = 0.5;
  json["linger_seconds"] = 5;
  write_json("hub.json", json);
  auto hub = coordinator();
  auto east = site("east");
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(path("state/east/update.offer")); })) << east->err();
  std::this_thread::sleep_for(std::chrono::seconds(1));  // twice the deadline
  EXPECT_EQ(rounds_closed(), 0);
  auto west = site("west");
  EXPECT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(rounds_closed(), 2);
}

}  // namespace
}  // namespace consilium
