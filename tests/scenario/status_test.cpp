#include "fl/event.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// What can be seen of a federation with `consilium status` and `watch`, live and afterwards.
class Status : public test::TinyFederation {
 protected:
  Json status() const {
    const test::Outcome outcome = run({"status", path("hub"), "--json"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? parse_json(outcome.out, "status") : Json::object();
  }
  static Json site_of(const Json& status, const std::string& name) {
    for (const Json& site : status["sites"])
      if (site["site"] == name) return site;
    return Json::object();
  }
  std::vector<std::string> warnings() const { return status()["warnings"]; }
};

// F1, F8: a site that is killed in its first training, while the others finish without it.
TEST_F(Status, AKilledSiteIsSeenWhileTheRunGoesOnAndIsALoudWarningAtItsEnd) {
  make({"east", "north", "west"}, training(2, 200));
  Json json = hub_settings();
  json["quorum"] = 2;
  json["deadline_seconds"] = 3;  // long past when the others are done: the quorum decides
  json["linger_seconds"] = 1;
  json["metrics_listen"] = "127.0.0.1:0";
  write_json("hub.json", json);
  auto hub = coordinator();
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(path("hub/events.jsonl")); })) << hub->err();
  EXPECT_EQ(site_of(status(), "north")["state"], "enrolled");
  EXPECT_THAT(warnings(), Contains("site north has not been seen yet"));
  auto watch = start({"watch", path("hub")});
  auto north = site("north");
  ASSERT_TRUE(test::wait_until([&] { return site_of(status(), "north")["step"].get<int>() > 0; })) << north->err();
  const Json before = site_of(status(), "north");
  EXPECT_EQ(before["state"], "training");
  EXPECT_EQ(before["connected"], true);
  EXPECT_EQ(before["configured"], true);
  EXPECT_EQ(before["steps"], 200);
  EXPECT_EQ(before["cases"], 2) << "three, of which one validates";
  EXPECT_EQ(before["device"], "cpu");
  EXPECT_GT(before["loss"], 0);
  north->signal(SIGKILL);
  ASSERT_TRUE(test::wait_until([&] { return site_of(status(), "north")["connected"] == false; }));
  EXPECT_THAT(status()["state"].get<std::string>(), testing::AnyOf("at work", "waits for quorum"));
  EXPECT_THAT(warnings(), Contains(HasSubstr("site north is not connected; last seen")));

  auto east = site("east"), west = site("west");
  ASSERT_EQ(hub->wait(200), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  const Json after = status();
  EXPECT_EQ(after["state"], "finished");
  EXPECT_EQ(after["rounds_closed"], 3);
  EXPECT_EQ(site_of(after, "north")["state"], "disconnected");
  EXPECT_EQ(site_of(after, "north")["accepted"], 0);
  EXPECT_EQ(site_of(after, "north")["late"], 2);
  EXPECT_EQ(site_of(after, "east")["accepted"], 2);
  EXPECT_EQ(site_of(after, "east")["state"], "done");
  EXPECT_GT(site_of(after, "east")["bytes_in"], 0);
  const std::string warning = "the run ended without site north: none of its updates counted in 2 rounds";
  EXPECT_THAT(warnings(), Contains(HasSubstr(warning)));
  EXPECT_THAT(hub->err(), HasSubstr("warning: " + warning)) << "the coordinator's own log says it too";
  const test::Outcome text = run({"status", path("hub")});
  EXPECT_THAT(text.out, HasSubstr("WARNING: " + warning));
  EXPECT_EQ(watch->wait(), 0) << watch->err();
  EXPECT_THAT(watch->out(), HasSubstr("WARNING: " + warning));
  EXPECT_THAT(watch->out(), HasSubstr("training_progress round 1 north"));
  // The same events afterwards from the tables as in the file, and nothing of the cases in them.
  const test::Outcome events = run({"status", path("hub"), "--events", "--json"});
  EXPECT_EQ(events.out, read_file(path("hub/events.jsonl")));
  EXPECT_THAT(events.out, Not(HasSubstr(path("data"))));
  for (const auto& entry : fs::recursive_directory_iterator(path("data")))
    if (entry.is_regular_file()) { EXPECT_THAT(events.out, Not(HasSubstr(entry.path().filename().string()))) << entry.path(); }
  EXPECT_TRUE(fs::exists(path("hub/metrics_address")));
  EXPECT_FALSE(fs::is_empty(path("hub/tensorboard")));
}

TEST_F(Status, ACoordinatorThatIsToldToStopSaysSo) {
  make({"east", "west"}, training(1, 2));
  auto hub = coordinator();
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(path("hub/events.jsonl")); })) << hub->err();
  EXPECT_EQ(status()["state"], "at work");
  hub->signal(SIGTERM);
  EXPECT_EQ(hub->wait(), 130);
  EXPECT_EQ(status()["state"], "stopped");
}

TEST_F(Status, AFolderWithoutARunIsNotFound) {
  for (const char* verb : {"status", "watch"}) {
    const test::Outcome outcome = run({verb, path("nothing")});
    EXPECT_EQ(outcome.code, 3) << verb;
    EXPECT_THAT(outcome.err, HasSubstr("run.sqlite"));
  }
}

TEST_F(Status, WatchWantsAFolderOrACoordinator) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"watch"}, {"watch", "--coordinator", "localhost:1"}, {"watch", path("hub"), "--coordinator", "localhost:1", "--as", "nurse"}}) EXPECT_EQ(run(words).code, 2) << words.size();
}

}  // namespace
}  // namespace consilium
