#include "fl/observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "fl/run_history.h"
#include "fl/run_store.h"
#include "tests/fl/events.h"
#include "tests/fl/toy.h"

namespace consilium::fl {
namespace {

using test::HandClock;
using test::toy_model;
using test::toy_settings;
using test::toy_update;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::Not;

/// A coordinator without sockets beside its observer, and a clock that the test turns.
class Seen : public testing::Test {
 protected:
  void begin(FederationSettings with = toy_settings(2)) {
    settings = with;
    store.emplace(folder.path(), settings);
    const auto saved = store->load();
    coordinator.emplace(saved ? Coordinator(settings, *saved, 0) : Coordinator(settings, toy_model(1), 0));
    if (!saved) store->save(coordinator->state());
    observer.emplace(folder.path(), *coordinator, ObserverOptions{.clock = clock.reader()});
  }
  void end() { observer.reset(), coordinator.reset(), store.reset(); }
  void send(const std::string& site, std::int64_t cases = 5) {
    clock.time += 1;
    Update update = toy_update(coordinator->plan(), 0.1F, cases);
    const Update told = update;
    observer->offered(site, told.round, 0, 1000);
    observer->received(site, 1000);
    observer->judged(site, told, coordinator->receive(site, std::move(update)));
    advance();
  }
  void advance(double seconds = 0) {
    clock.time += seconds;
    elapsed += seconds;
    while (const auto report = coordinator->advance(elapsed)) {
      store->save(coordinator->state());
      observer->tell_of(*report, *coordinator);
    }
    if (!coordinator->is_finished()) observer->tick(*coordinator, elapsed);
  }
  RunStatus read() const { return read_run_status(folder.path()); }
  /// Without those of alike updates: toy updates all point one way (tests/fl/contribution_test.cpp has others).
  std::vector<std::string> told() const {
    std::vector<std::string> lines = warnings(read(), clock.time);
    std::erase_if(lines, [](const std::string& line) { return line.find("nearly another site's") != std::string::npos; });
    return lines;
  }
  std::vector<std::string> words() const {
    std::vector<std::string> kinds;
    for (const Event& event : read_events(folder.path())) kinds.emplace_back(to_string(event.kind));
    return kinds;
  }

  TemporaryFolder folder;
  HandClock clock;
  double elapsed = 0;
  FederationSettings settings;
  std::optional<RunStore> store;
  std::optional<Coordinator> coordinator;
  std::optional<Observer> observer;
};

TEST_F(Seen, EnrolledConnectedConfiguredAndTrainingAreDifferentStates) {
  begin();
  const auto east = [&] { return observer->status().sites.at("east"); };
  EXPECT_EQ(east().state, SiteState::kEnrolled);
  observer->connected("east");
  EXPECT_EQ(east().state, SiteState::kConnected);
  EXPECT_FALSE(east().is_configured);
  observer->reported("east", {.state = SiteState::kConfiguring});
  EXPECT_EQ(east().state, SiteState::kConfiguring);
  EXPECT_FALSE(east().is_configured) << "its data are being read";
  observer->reported("east", {.state = SiteState::kTraining, .step = 3, .steps = 10, .loss = 0.5, .cases = 12, .device = "cpu"});
  EXPECT_TRUE(east().is_configured);
  EXPECT_EQ(east().state, SiteState::kTraining);
  EXPECT_EQ(east().step, 3);
  EXPECT_EQ(east().cases, 12);
  EXPECT_EQ(east().loss, 0.5);
  observer->disconnected("east");
  EXPECT_EQ(east().state, SiteState::kDisconnected);
  EXPECT_TRUE(east().is_configured);
}

// F1: a site that trains for hours is alive as long as it says so, and nobody else's round is touched.
TEST_F(Seen, ASiteThatTrainsForHoursIsAliveAndSaysHowFarItIs) {
  FederationSettings patient = toy_settings(1);
  patient.deadline_seconds = 100000;
  begin(patient);
  for (const char* site : {"east", "north", "west"}) observer->connected(site);
  send("east"), send("west");
  for (int minute = 0; minute < 240; ++minute) {
    observer->reported("north", {.state = SiteState::kTraining, .step = minute, .steps = 240, .cases = 90});
    observer->reported("east", {.state = SiteState::kWaiting, .cases = 5});
    observer->reported("west", {.state = SiteState::kWaiting, .cases = 5});
    advance(25);
    observer->reported("north", {.state = SiteState::kTraining, .step = minute, .steps = 240, .cases = 90});
    observer->reported("east", {.state = SiteState::kWaiting, .cases = 5});
    observer->reported("west", {.state = SiteState::kWaiting, .cases = 5});
    advance(25);
    if (minute == 120) {
      EXPECT_THAT(told(), testing::IsEmpty());
    }
  }
  const RunStatus status = read();
  EXPECT_EQ(status.sites.at("north").step, 239);
  EXPECT_NEAR(status.sites.at("north").last_seen, clock.time, 26);
  EXPECT_EQ(run_state(status, clock.time), "at work");
  EXPECT_EQ(status.updates.at("accepted"), 2) << "those of the quick sites are kept";
}

TEST_F(Seen, ASiteThatFallsSilentIsNamed) {
  begin();
  observer->connected("north");
  observer->reported("north", {.state = SiteState::kTraining, .step = 1, .steps = 10});
  advance(20);
  EXPECT_THAT(told(), Not(Contains(HasSubstr("silent"))));
  advance(20);
  EXPECT_THAT(told(), Contains("site north is connected but silent for 40 s"));
}

// F8: a run without its largest site is no quiet success.
TEST_F(Seen, ARunWithoutItsLargestSiteIsALoudWarning) {
  begin();
  for (const char* site : {"east", "north", "west"}) observer->connected(site);
  observer->reported("north", {.state = SiteState::kTraining, .cases = 90});
  for (int round = 0; round < 3; ++round) {
    send("east"), send("west");
    advance(31);
  }
  ASSERT_TRUE(coordinator->is_finished());
  EXPECT_THAT(told(), ElementsAre("the run ended without site north: none of its updates counted in 2 rounds; it is the largest site (90 cases)"));
  const std::vector<Event> events = read_events(folder.path());
  EXPECT_EQ(events.back().kind, EventKind::kFinished);
  EXPECT_EQ(events.back().words.at("missing"), "north");
  EXPECT_EQ(to_json(read(), clock.time)["warnings"].size(), warnings(read(), clock.time).size());
}

TEST_F(Seen, ASiteThatWasNeverSeenIsNamedAndASiteThatMissedSomeRoundsToo) {
  FederationSettings settings = toy_settings(3);
  settings.policy.cases_quorum = 0;  // the largest may be late
  begin(settings);
  observer->connected("east"), observer->connected("west");
  EXPECT_THAT(told(), ElementsAre("site north has not been seen yet"));
  for (int round = 0; round < 4; ++round) {
    if (round != 1) send("west", 7);
    else advance();
    send("east");
    if (round == 1) send("north", 1);
    advance(31);
  }
  EXPECT_THAT(told(), ElementsAre("site north was missing in 2 of 3 rounds", "site west was missing in 1 of 3 rounds; it is the largest site (7 cases)"));
}

TEST_F(Seen, AFullRunHasNoWarnings) {
  begin();
  for (int round = 0; round < 3; ++round)
    for (const char* site : {"east", "north", "west"}) send(site);
  EXPECT_THAT(told(), testing::IsEmpty());
  EXPECT_EQ(run_state(read(), clock.time + 1e6), "finished");
}

// F10: whatever the order in which the last reports come, the result holds them all.
TEST_F(Seen, EveryReportIsInTheResultWhateverTheirOrder) {
  std::vector<std::string> order{"east", "north", "west"};
  do {
    const TemporaryFolder other;
    RunStore runs(other.path(), toy_settings(1));
    Coordinator c(toy_settings(1), toy_model(1), 0);
    runs.save(c.state());
    Observer o(other.path(), c, {.clock = clock.reader()});
    for (int round = 0; round < 2; ++round) {
      for (const std::string& site : order) {
        Update update = toy_update(c.plan(), 0.1F, 5), told = update;
        o.judged(site, told, c.receive(site, std::move(update)));
      }
      const auto report = c.advance(0);
      ASSERT_TRUE(report);
      runs.save(c.state());
      o.tell_of(*report, c);
    }
    const RunStatus status = read_run_status(other.path());
    for (const std::string& site : order) EXPECT_EQ(status.sites.at(site).accepted, 1) << site;
    ASSERT_EQ(status.recent.size(), 2U);
    for (const RoundStatus& round : status.recent) {
      EXPECT_EQ(round.sites.size(), 3U);
      for (const auto& [name, part] : round.sites) EXPECT_EQ(part.outcome, "accepted") << name;
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Seen, DeadlineAndQuorumAreToldOnceARound) {
  begin();
  send("east");
  advance(31);
  advance(1);
  EXPECT_EQ(run_state(read(), clock.time), "waits for quorum");
  EXPECT_THAT(told(), Contains("round 1 waits for a quorum of 2: its time is up"));
  const auto kinds = words();
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "deadline_passed"), 1);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "quorum_wait"), 1);
  send("west");
  EXPECT_EQ(run_state(read(), clock.time), "at work") << "the quorum is there";
  const RunStatus status = read();
  EXPECT_EQ(status.recent[0].sites.at("north").outcome, "late");
}

TEST_F(Seen, ARoundThatItsDeadlineClosedSaysSo) {
  begin();
  send("east"), send("west");
  advance(31);
  const RunStatus status = read();
  EXPECT_TRUE(status.recent[0].deadline_passed);
  EXPECT_EQ(status.recent[0].sites.at("north").outcome, "late");
  EXPECT_EQ(run_state(status, clock.time), "at work");
  EXPECT_FALSE(status.recent[1].deadline_passed);
}

TEST_F(Seen, ARoundThatEveryAnswerClosedHasNoDeadlineEvent) {
  begin();
  for (const char* site : {"east", "north", "west"}) send(site);
  EXPECT_THAT(words(), Not(Contains("deadline_passed")));
}

TEST_F(Seen, TheFirstRoundHasTheTimeThatItsPolicyGives) {
  FederationSettings with = toy_settings(2);
  with.policy.start_seconds = 500;
  begin(with);
  EXPECT_EQ(read().recent[0].deadline_seconds, 500);
  for (const char* site : {"east", "north", "west"}) send(site);
  EXPECT_EQ(read().recent[1].deadline_seconds, 30);
}

TEST_F(Seen, ARoundThatWaitsForMostOfTheCasesSaysForWhom) {
  begin(toy_settings(3));
  send("east"), send("west"), send("north", 90);
  send("east"), send("west");
  advance(31);
  EXPECT_EQ(run_state(read(), clock.time), "waits for cases");
  EXPECT_THAT(told(), Contains("round 2 waits for north: its time is up, but without them most of the known cases would be missing"));
  advance(1);
  const auto kinds = words();
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "cases_wait"), 1);
  advance(31);
  EXPECT_EQ(run_state(read(), clock.time), "at work") << "it has waited as long again, and is closed";
  EXPECT_EQ(read().recent[1].sites.at("north").outcome, "late");
}

TEST_F(Seen, AQuorumThatComesAfterTheDeadlineLeavesThePatienceForCases) {
  begin(toy_settings(3));
  send("east"), send("west"), send("north", 90);
  send("east");
  advance(31);
  EXPECT_EQ(run_state(read(), clock.time), "waits for quorum");
  send("west");
  EXPECT_EQ(run_state(read(), clock.time), "waits for cases");
}

TEST_F(Seen, ASiteThatIsNotSelectedIsNeitherMissingNorPartOfTheRound) {
  FederationSettings with = toy_settings(2);
  with.policy.selection = {.rule = SelectionRule::kRandom, .sites = 2};
  with.quorum = 1;
  begin(with);
  const std::vector<std::string> asked = coordinator->asked();
  ASSERT_EQ(asked.size(), 2U);
  std::string left_out;
  for (const char* site : {"east", "north", "west"})
    if (!coordinator->is_asked(site)) left_out = site;
  EXPECT_EQ(read().recent[0].sites.at(left_out).outcome, "not asked") << "from the round's opening on";
  for (const std::string& site : asked) send(site);
  const RunStatus status = read();
  EXPECT_EQ(status.recent[0].sites.at(left_out).outcome, "not asked");
  EXPECT_EQ(status.sites.at(left_out).late, 0);
  EXPECT_THAT(told(), Not(Contains(HasSubstr("was missing"))));
}

TEST_F(Seen, AnUpdateOfAnEarlierRoundThatCountsIsSeenAsMerged) {
  FederationSettings with = toy_settings(3);
  with.policy.late = LateUpdates::kMerge;
  begin(with);
  const Update late = toy_update(coordinator->plan(), 0.1F, 7);
  send("east"), send("west");
  advance(31);
  ASSERT_EQ(coordinator->state().round, 1);
  observer->judged("north", late, coordinator->receive("north", late));
  EXPECT_EQ(read().recent[1].sites.at("north").outcome, "merged") << "while the round is open";
  EXPECT_EQ(read().recent[0].sites.at("north").outcome, "late");
  send("east");
  EXPECT_THAT(words(), Not(Contains("quorum_wait")));
  advance(31);
  const RunStatus status = read();
  EXPECT_EQ(status.recent[1].sites.at("north").outcome, "merged");
  EXPECT_THAT(status.recent[1].sites.at("north").reason, HasSubstr("its update of round 1 came late"));
  EXPECT_EQ(status.sites.at("north").accepted, 1);
  EXPECT_EQ(status.sites.at("north").late, 1);
}

TEST_F(Seen, ARunThatWasGivenUpSaysWhichRoundWaitedForWhat) {
  begin();
  send("east");
  advance(31);
  observer->failed(ErrorCode::kUnreachable);
  EXPECT_EQ(run_state(read(), clock.time), "failed");
  EXPECT_THAT(told(), Contains(HasSubstr("has given round 1 up: its quorum of 2 did not come")));
}

TEST_F(Seen, ARunThatFailedSaysByWhichCode) {
  begin();
  observer->failed(ErrorCode::kCannotWrite);
  EXPECT_THAT(told(), Contains(HasSubstr("the coordinator ended with an error (" + std::string(to_string(ErrorCode::kCannotWrite)) + ")")));
}

// F9: who is turned away is listed, and a stranger that tries for ever does not fill the disk.
TEST_F(Seen, RefusalsAreListedOnceAMinute) {
  begin();
  for (int n = 0; n < 100; ++n) observer->refused("stranger\n\x1b[2J", "site \"stranger\" does not belong to this federation"), clock.time += 1;
  const RunStatus status = read();
  ASSERT_EQ(status.refused.size(), 1U);
  EXPECT_EQ(status.refused.begin()->first, "stranger???2J") << "no control characters";
  EXPECT_EQ(status.refused.begin()->second.times, 2);
  EXPECT_THAT(told(), Contains(HasSubstr("refused: stranger???2J (site \"stranger\" does not belong")));
}

TEST_F(Seen, ACoordinatorThatWasKilledIsNotRunningAndGoesOn) {
  begin();
  for (const char* site : {"east", "north", "west"}) observer->connected(site), send(site);
  end();
  clock.time += 60;
  EXPECT_EQ(run_state(read(), clock.time), "not running");
  EXPECT_THAT(told(), Contains(HasSubstr("the coordinator has ended without saying so")));
  begin();
  const RunStatus status = observer->status();
  EXPECT_EQ(run_state(status, clock.time), "at work");
  EXPECT_EQ(status.rounds_closed, 1);
  EXPECT_EQ(status.sites.at("east").accepted, 1);
  EXPECT_EQ(status.sites.at("east").state, SiteState::kDisconnected);
  EXPECT_THAT(words(), Contains("run_resumed"));
}

TEST_F(Seen, RejectedLateAndDuplicateUpdatesHaveTheirReasons) {
  begin();
  Update bad = toy_update(coordinator->plan(), 0.1F, 5);
  bad.delta.tensors[0].values[0] = std::numeric_limits<float>::infinity();
  observer->judged("north", bad, coordinator->receive("north", bad));
  send("east"), send("east"), send("west");
  ASSERT_EQ(coordinator->state().round, 1);
  const Update late = toy_update({0, 2, "", ""}, 0, 1);
  observer->judged("north", late, coordinator->receive("north", late));
  const RunStatus status = read();
  EXPECT_EQ(status.updates, (std::map<std::string, std::int64_t>{{"accepted", 2}, {"duplicate", 1}, {"late", 1}, {"rejected", 1}}));
  const SiteInRound& north = status.recent[0].sites.at("north");
  EXPECT_EQ(north.outcome, "rejected");
  EXPECT_THAT(north.reason, HasSubstr("a.weight"));
  EXPECT_EQ(status.recent[0].sites.at("east").bytes_in, 1000U);
  EXPECT_THAT(told(), Contains(StartsWith("site north was missing in 1 of 1 round (1 rejected, at last: update of site \"north\"")));
}

TEST_F(Seen, ParticipationIsCountedFromTheRoundsWhenTheirEventsAreGone) {
  begin(toy_settings(4));
  for (int round = 0; round < 5; ++round)
    for (const char* site : {"east", "north", "west"}) send(site);
  end();
  Sqlite(folder.path() / "run.sqlite", SqliteMode::kWrite).run("DELETE FROM events WHERE event != 'run_started' AND event != 'finished' AND round < 3");
  EXPECT_EQ(read().sites.at("east").accepted, 4);
  EXPECT_THAT(told(), testing::IsEmpty());
}

TEST_F(Seen, AFullDiskDoesNotEndTheRun) {
  begin();
  Sqlite(folder.path() / "run.sqlite", SqliteMode::kWrite).run("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
  testing::internal::CaptureStderr();
  observer->connected("east");
  observer->connected("north");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("events cannot be written"));
  EXPECT_EQ(log.find("events cannot"), log.rfind("events cannot")) << "said once";
  EXPECT_TRUE(observer->status().sites.at("north").is_connected);
}

}  // namespace
}  // namespace consilium::fl
