#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/rng.h"
#include "fl/run_history.h"
#include "models/state/safetensors.h"
#include "tests/fl/federation_fixture.h"
#include "tests/fl/without_commitments.h"
#include "tests/support/process.h"
#include "tests/support/refusal.h"
#include "tests/support/relay.h"

// What goes wrong between hospitals, each as a test with a clear end (docs/wire_format.md, "What survives what").
namespace consilium::fl {
namespace {

using consilium::test::refusal;
using consilium::test::Relay;
using consilium::test::wait_until;
using test::Federation;
using test::toy_model;
using test::toy_settings;
using test::ToyTrainer;
using testing::HasSubstr;

class TransportFailures : public Federation {
 protected:
  std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(address().substr(address().rfind(':') + 1))); }
  SiteOptions through(const Relay& relay, const std::string& name) const {
    SiteOptions options = site(name);
    options.coordinator = relay.address();
    return options;
  }
};

/// An update of 4 MB whose chunks all differ.
class Noise : public ToyTrainer {
 public:
  using ToyTrainer::ToyTrainer;
  Update train(const RoundPlan& plan, const ModelState& global) override {
    Update update = ToyTrainer::train(plan, global);
    Rng rng(static_cast<std::uint64_t>(plan.round));
    for (float& value : update.delta.tensors[1].values) value = static_cast<float>(rng.normal());
    return update;
  }
};

constexpr std::uint64_t kUpdateBytes = 400000 * 4;

/// Complaint 2 and failure F6: a tunnel breaks in the middle of an upload. What had come is not sent again, nor is it after the site was started anew.
TEST_F(TransportFailures, F6_AnUploadThatBrokeGoesOnWhereItStopped) {
  FederationSettings settings = toy_settings(1);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  Noise east_trainer(0.1F, 3);
  ToyTrainer others[2] = {{0.3F, 5}, {-0.2F, 1}};
  std::atomic<bool> stop = false;
  Relay relay(port());
  relay.hold_after = kUpdateBytes / 2;
  auto broken = std::async(std::launch::async, [&] { return run_site(through(relay, "east"), east_trainer, {}, &stop); });
  ASSERT_TRUE(wait_until([&] { return relay.sent >= kUpdateBytes / 2; }));
  const fs::path part = folder.path() / "hub" / "uploads" / "east.part";
  ASSERT_TRUE(wait_until([&] { return fs::exists(part); }));
  relay.hold_after = UINT64_MAX;
  relay.hang_up();
  auto north = join("north", others[0]), west = join("west", others[1]);
  broken.get(), north.get(), west.get();
  hub.get();
  EXPECT_EQ(east_trainer.trained, 1);
  // All that was ever sent towards the coordinator: the update, at most one chunk and what TLS, pings and the last look take.
  EXPECT_LT(relay.sent, kUpdateBytes + (256 << 10) + (96 << 10)) << "the update has " << kUpdateBytes << " bytes";
}

/// Complaint 1 and 2, scaled down: slow links, and an outage in the middle of every site's transfers. One setting of liveness, no abort, every round whole.
/// With real shaping and six minutes: links_slow.cpp.
TEST_F(TransportFailures, F6_SlowLinksWithAnOutageLoseNoRound) {
  FederationSettings settings = toy_settings(4);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  const char* const names[] = {"east", "north", "west"};
  std::vector<std::unique_ptr<Relay>> relays;
  std::vector<std::unique_ptr<Noise>> trainers;
  std::vector<std::future<ModelState>> sites;
  for (int n = 0; n < 3; ++n) {
    relays.push_back(std::make_unique<Relay>(port()));
    relays.back()->bytes_per_second = 8 << 20;
    trainers.push_back(std::make_unique<Noise>(0.1F * static_cast<float>(n), 3));
    sites.push_back(std::async(std::launch::async, [&, n, options = through(*relays.back(), names[n])] { return run_site(options, *trainers[n]); }));
  }
  for (int outage = 0; outage < 2; ++outage) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    for (const auto& relay : relays) relay->down = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    for (const auto& relay : relays) relay->down = false;
  }
  const RunState state = hub.get();
  for (const RoundReport& report : state.reports)
    for (const SiteOutcome& outcome : report.sites) EXPECT_EQ(outcome.participation, Participation::kAccepted) << report.round << " " << outcome.site;
  for (auto& one : sites) one.get();
  for (const auto& trainer : trainers) EXPECT_EQ(trainer->trained, 4) << "what was trained is sent again, not trained again";
}

/// The coordinator dies while an update comes in: the part on its disk counts when it is back.
TEST_F(TransportFailures, ACoordinatorThatWasKilledKeepsWhatHadComeOfAnUpdate) {
  FederationSettings settings = toy_settings(1);
  settings.quorum = 3;
  std::atomic<bool> stop = false;
  auto first = coordinator(settings, "localhost:0", &stop);
  const std::string where = address();
  Noise east_trainer(0.1F, 3);
  ToyTrainer others[2] = {{0.3F, 5}, {-0.2F, 1}};
  Relay relay(port());
  relay.hold_after = kUpdateBytes / 2;
  auto east = std::async(std::launch::async, [&] { return run_site(through(relay, "east"), east_trainer); });
  ASSERT_TRUE(wait_until([&] { return relay.sent >= kUpdateBytes / 2; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // what the relay let through is written
  stop = true;
  first.get();
  relay.hold_after = UINT64_MAX;
  relay.hang_up();
  const std::uint64_t before = relay.sent;
  auto second = coordinator(settings, where);
  auto north = join("north", others[0]), west = join("west", others[1]);
  second.get(), east.get(), north.get(), west.get();
  EXPECT_EQ(east_trainer.trained, 1);
  EXPECT_LT(relay.sent - before, kUpdateBytes / 2 + (256 << 10) + (96 << 10));
}

/// Failure F3 and a copied folder: two processes with one certificate would train and send against each other.
TEST_F(TransportFailures, DuplicateSiteTheFirstOfTwoProcessesIsTold) {
  FederationSettings settings = toy_settings(2);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  ToyTrainer first_trainer(0.1F, 3), trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  SiteOptions copy = site("east");
  copy.folder = folder.path() / "east_copy";
  auto first = std::async(std::launch::async, [&] { return refusal(ErrorCode::kRefused, [&] { run_site(copy, first_trainer); }); });
  ASSERT_TRUE(wait_until([&] { return fs::exists(copy.folder / "update.offer"); }));
  auto east = join("east", trainers[0]);
  EXPECT_THAT(first.get(), HasSubstr("another process"));
  auto north = join("north", trainers[1]), west = join("west", trainers[2]);
  EXPECT_EQ(without_commitments(hub.get()), undisturbed(settings).state);
  east.get(), north.get(), west.get();
  EXPECT_THAT(read_run_status(folder.path() / "hub").refused.at("east").reason, HasSubstr("another process"));
}

/// Two coordinators: the second one has another folder (or lost it), and so another run.
TEST_F(TransportFailures, TwoCoordinatorsASiteStaysWithTheRunItBeganIn) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), "localhost:0", &stop);
  ToyTrainer trainer(0.1F, 3);
  SiteOptions options = site("east");
  std::atomic<bool> leave = false;
  auto east = std::async(std::launch::async, [&] { return run_site(options, trainer, {}, &leave); });
  ASSERT_TRUE(wait_until([&] { return fs::exists(options.folder / "federation"); }));
  leave = true;
  EXPECT_THROW(east.get(), Error);
  stop = true;
  hub.get();
  fs::rename(folder.path() / "hub", folder.path() / "lost");
  stop = false;
  auto other = coordinator(toy_settings(1), "localhost:0", &stop);
  options.coordinator = address();
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { run_site(options, trainer); }), HasSubstr("second coordinator"));
  stop = true;
  other.get();
}

TEST_F(TransportFailures, TwoCoordinatorsDoNotShareAFolder) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), "localhost:0", &stop);
  address();
  EXPECT_THAT(refusal(ErrorCode::kCannotWrite, [&] { run_coordinator({.listen = "localhost:0", .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub"}, toy_settings(1), toy_model(1)); }), HasSubstr("another consilium process"));
  stop = true;
  hub.get();
}

/// Several addresses of one coordinator; the first one leads nowhere.
TEST_F(TransportFailures, TheNextAddressIsTriedWhereOneDoesNotAnswer) {
  auto hub = coordinator(toy_settings(1));
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  std::vector<std::future<ModelState>> sites;
  for (int n = 0; n < 3; ++n)
    sites.push_back(std::async(std::launch::async, [this, n, &trainers] {
      const char* const names[] = {"east", "north", "west"};
      SiteOptions options = site(names[n]);
      options.coordinator = "localhost:1," + options.coordinator;
      return run_site(options, trainers[n]);
    }));
  EXPECT_EQ(hub.get().reports.size(), 2U);
  for (auto& one : sites) one.get();
}

/// The best model takes a slow site longer than the coordinator lingers: it stays as long as the site is connected.
TEST_F(TransportFailures, ASlowSiteGetsTheBestModelHoweverLongItTakes) {
  FederationSettings settings = toy_settings(2);
  settings.quorum = 3;
  std::unique_ptr<Relay> relay;
  const auto slow_down = [&](const RoundReport& report) {  // before anybody can fetch the best model
    if (report.round == settings.rounds) relay->bytes_per_second = 400000;
  };
  auto hub = coordinator(settings, "localhost:0", nullptr, slow_down, 0.7);
  Noise slow_trainer(0.1F, 3, 1);  // the best is not the last, and has to be fetched
  ToyTrainer others[2] = {{0.3F, 5, 1}, {-0.2F, 1, 1}};
  relay = std::make_unique<Relay>(port());
  auto north = join("north", others[0]), west = join("west", others[1]);
  SiteOptions options = through(*relay, "east");
  options.give_up_seconds = 2;
  auto east = std::async(std::launch::async, [&] { return run_site(options, slow_trainer); });
  EXPECT_EQ(hub.get().best_round, 1);
  const ModelState best = north.get();
  EXPECT_EQ(east.get(), best);
  west.get();
}

/// A site that is not asked waits, and has the model at the end.
TEST_F(TransportFailures, ASiteThatIsNotAskedWaitsAndGetsTheModel) {
  FederationSettings settings = toy_settings(3);
  settings.quorum = 1;
  settings.policy.selection = {.rule = SelectionRule::kRandom, .sites = 1, .seed = 5};
  auto hub = coordinator(settings);
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  const RunState state = hub.get();
  EXPECT_EQ(trainers[0].trained + trainers[1].trained + trainers[2].trained, 3);
  EXPECT_EQ(east.get(), north.get());
  west.get();
  EXPECT_EQ(undisturbed(settings).state, without_commitments(state));
}

/// Complaint 2: a run without quorum ends, with the names of those who are missing.
TEST_F(TransportFailures, ARunWithoutQuorumReachesAnEnd) {
  FederationSettings settings = toy_settings(1);
  settings.policy.abandon_seconds = 0.3;
  EXPECT_THAT(refusal(ErrorCode::kUnreachable, [&] { coordinator(settings).get(); }), testing::AllOf(HasSubstr("east, north, west"), HasSubstr("Started again")));
}

}  // namespace
}  // namespace consilium::fl
