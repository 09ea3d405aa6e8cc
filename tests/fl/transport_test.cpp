#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "fl/run_in_process.h"
#include "models/state/safetensors.h"
#include "tests/fl/federation_fixture.h"
#include "tests/fl/without_commitments.h"
#include "tests/support/process.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using test::Federation;
using test::Gate;
using test::GatedTrainer;
using consilium::test::Process;
using consilium::test::refusal;
using consilium::test::wait_until;
using test::toy_model;
using test::toy_settings;
using test::ToyTrainer;

TEST_F(Federation, OverMutualTlsEndsInTheSameBytesAsInOneProcess) {
  const TemporaryFolder plain;
  std::vector<ToyTrainer> a{{0.1F, 3, 2}, {0.3F, 5, 2}, {-0.2F, 1, 2}}, b = a;
  const FinishedRun expected = run_in_process(toy_settings(4), toy_model(1), {{"east", &a[0]}, {"north", &a[1]}, {"west", &a[2]}}, plain.path());
  auto hub = coordinator(toy_settings(4));
  auto east = join("east", b[0]), north = join("north", b[1]), west = join("west", b[2]);
  const RunState state = hub.get();
  EXPECT_EQ(without_commitments(state), expected.state);
  EXPECT_EQ(east.get(), expected.best);
  EXPECT_EQ(north.get(), expected.best);
  EXPECT_EQ(read_safetensors(folder.path() / "west" / "model.safetensors").state, west.get());
}

TEST_F(Federation, ASiteFinishesTheBestModelAndIsToldHowManyRoundsItHas) {
  ToyTrainer trainers[3] = {{0.1F, 3, 1}, {0.3F, 5, 1}, {-0.2F, 1, 1}};  // best after one round
  auto hub = coordinator(toy_settings(3));
  SiteOptions options = site("west");
  std::int64_t told = -1;
  options.finish = [&](const std::string& task, ModelState best, std::int64_t trainings) {
    EXPECT_EQ(Json::parse(task), Json::parse(toy_settings().task));
    told = trainings;
    best.tensors[0].values[0] = 42;
    return best;
  };
  auto east = join("east", trainers[0]), north = join("north", trainers[1]);
  const ModelState west = run_site(options, trainers[2]);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(hub.get().best_round, 1);
  EXPECT_EQ(west.tensors[0].values[0], 42);
  EXPECT_EQ(read_safetensors(folder.path() / "west" / "model.safetensors").state, west);
  EXPECT_NE(east.get(), west);
  north.get();
}

TEST_F(Federation, ACoordinatorThatRestartsGoesOnAndItsSitesComeBack) {
  const FinishedRun expected = undisturbed(toy_settings(6));
  Gate gate(2);
  GatedTrainer b[3] = {{gate, 0.1F, 3}, {gate, 0.3F, 5}, {gate, -0.2F, 1}};
  std::atomic<bool> stop = false;
  auto first = coordinator(toy_settings(6), "localhost:0", &stop, [&](const RoundReport& report) { if (report.round == 2) stop = true; });
  const std::string where = address();
  auto east = join("east", b[0]), north = join("north", b[1]), west = join("west", b[2]);
  EXPECT_EQ(first.get().reports.size(), 3U);
  gate.open();
  auto second = coordinator(toy_settings(6), where);
  EXPECT_EQ(without_commitments(second.get()), expected.state);
  EXPECT_EQ(east.get(), expected.best);
  north.get();
  west.get();
}

TEST_F(Federation, ASiteThatComesBackSendsWhatItHadFinished) {
  FederationSettings settings = toy_settings(1);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  std::atomic<bool> stop = false;
  auto leaving = std::async(std::launch::async, [&] { return run_site(site("east"), trainers[0], {}, &stop); });
  while (!fs::exists(folder.path() / "east" / "update.offer")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  stop = true;
  EXPECT_THROW(leaving.get(), Error);
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  EXPECT_EQ(hub.get().reports.size(), 2U);
  EXPECT_EQ(trainers[0].trained, 1);
  east.get(), north.get(), west.get();
}

TEST_F(Federation, ASiteWhoseUpdatesAreBadDoesNotStopTheOthers) {
  class Poisoned : public ToyTrainer {
   public:
    using ToyTrainer::ToyTrainer;
    Update train(const RoundPlan& plan, const ModelState& global) override {
      Update update = ToyTrainer::train(plan, global);
      update.delta.tensors[1].values[7] = std::numeric_limits<float>::infinity();
      return update;
    }
  };
  auto hub = coordinator(toy_settings(2));
  ToyTrainer good[2] = {{0.1F, 3}, {0.3F, 5}};
  Poisoned bad(1, 1);
  auto east = join("east", good[0]), north = join("north", good[1]), west = join("west", bad);
  const RunState state = hub.get();
  EXPECT_EQ(state.reports[0].sites[2].participation, Participation::kRejected);
  EXPECT_THAT(state.reports[0].sites[2].reason, testing::HasSubstr("b.weight"));
  east.get(), north.get(), west.get();
}

TEST_F(Federation, StrangersAreRefused) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), "localhost:0", &stop);
  ToyTrainer trainer(1, 1);
  const auto code_of = [&](const SiteOptions& options) {
    try {
      run_site(options, trainer);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kUnexpected;
  };
  // A whole federation of another authority, and a certificate of this authority whose site the settings do not name.
  init_authority(folder.path() / "other");
  issue_certificate(folder.path() / "other", "east");
  SiteOptions foreign = site("east", 1);
  foreign.tls = tls_files(folder.path() / "other", "east");
  EXPECT_EQ(code_of(foreign), ErrorCode::kRefused);
  issue_certificate(keys(), "south");
  EXPECT_EQ(code_of(site("south", 1)), ErrorCode::kRefused);
  EXPECT_EQ(trainer.trained, 0);
  stop = true;
  hub.get();
}

TEST_F(Federation, ACoordinatorDoesNotListenWithTheCertificateOfASite) {
  refusal(ErrorCode::kRefused, [&] { run_coordinator({.listen = "localhost:0", .name = "north", .tls = tls_files(keys(), "north"), .folder = folder.path() / "hub"}, toy_settings(1), toy_model()); });
}

TEST_F(Federation, ASiteDoesNotTalkToAServerWithTheCertificateOfASite) {
  // Not our program, so that nothing but the handshake stands in the way. At a number: where "localhost" has two addresses, the last error would be
  // of the one that nobody listens at.
  const auto listen = [&](const char* name) {
    return std::make_unique<Process>(std::vector<std::string>{"/usr/bin/openssl", "s_server", "-www", "-accept", "127.0.0.1:0", "-alpn", "h2", "-Verify", "1", "-CAfile", (keys() / "ca.crt").string(), "-cert",
                                                              (keys() / (std::string(name) + ".crt")).string(), "-key", (keys() / (std::string(name) + ".key")).string()});
  };
  const auto port_of = [](const Process& server) {
    const auto line = [&] { return server.out().find("ACCEPT "); };
    EXPECT_TRUE(wait_until([&] { return line() != std::string::npos && server.out().find('\n', line()) != std::string::npos; }));
    const std::string rest = server.out().substr(line()), address = rest.substr(0, rest.find('\n'));
    return address.substr(address.rfind(':') + 1);
  };
  ToyTrainer trainer(1, 1);
  const auto reason = [&](const char* server_name, ErrorCode code) {
    const auto server = listen(server_name);
    const SiteOptions options{.name = "east", .coordinator = "127.0.0.1:" + port_of(*server), .tls = tls_files(keys(), "east"), .folder = folder.path() / "east", .give_up_seconds = 0.1};
    return refusal(code, [&] { run_site(options, trainer); });
  };
  EXPECT_THAT(reason("north", ErrorCode::kRefused), testing::HasSubstr("certificate purpose"));
  // The same server with the coordinator's own certificate gets through the handshake; what it then says is not gRPC.
  EXPECT_THAT(reason("hub", ErrorCode::kUnreachable), testing::Not(testing::HasSubstr("handshake")));
  EXPECT_EQ(trainer.trained, 0);
}

TEST_F(Federation, TheReasonForSilenceIsToldWhileTheSiteTriesOn) {
  std::vector<std::string> told;
  ToyTrainer trainer(1, 1);
  const SiteOptions options{.name = "east", .coordinator = "localhost:1", .tls = tls_files(keys(), "east"), .folder = folder.path() / "east", .give_up_seconds = 1};
  EXPECT_THAT(refusal(ErrorCode::kUnreachable, [&] { run_site(options, trainer, [&](const std::string& line) { told.push_back(line); }); }), testing::HasSubstr("localhost:1"));
  ASSERT_EQ(told.size(), 1U) << "said once, not at every try";
  EXPECT_THAT(told[0], testing::AllOf(testing::HasSubstr("localhost:1"), testing::HasSubstr("trying again")));
}

}  // namespace
}  // namespace consilium::fl
