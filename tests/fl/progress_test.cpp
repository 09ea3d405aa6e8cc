// What is seen of a federation over real sockets: progress, liveness, states, metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <grpcpp/grpcpp.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "consilium/fl/v1/progress.grpc.pb.h"
#include "fl/run_history.h"
#include "fl/transport/client.h"
#include "fl/transport/remote_run.h"
#include "fl/transport/server.h"
#include "tests/fl/federation_fixture.h"
#include "fl/wire/progress_messages.h"
#include "tests/support/process.h"
#include "tests/support/program.h"

namespace consilium::fl {
namespace {

using consilium::test::wait_until;
using test::Gate;
using test::GatedTrainer;
using test::toy_settings;
using test::ToyTrainer;
using testing::Contains;
using testing::HasSubstr;

class Visible : public test::Federation {
 protected:
  RunStatus status() const { return read_run_status(folder.path() / "hub"); }
  std::vector<Event> events() const { return read_events(folder.path() / "hub"); }
  /// The site's thread of training is this one; nothing but `body` happens in it.
  template <typename Body>
  class Slow : public ToyTrainer {
   public:
    explicit Slow(Body body) : ToyTrainer(0.1F, 3), body_(body) {}
    Update train(const RoundPlan& plan, const ModelState& global) override {
      body_(plan);
      return ToyTrainer::train(plan, global);
    }

   private:
    Body body_;
  };
};

TEST_F(Visible, EveryStepOfARunIsAnEvent) {
  auto hub = coordinator(toy_settings(2));
  ToyTrainer trainers[3] = {{0.1F, 3, 100, 200}, {0.3F, 5, 100, 200}, {-0.2F, 1, 100, 200}};
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  hub.get(), east.get(), north.get(), west.get();
  std::map<std::string, int> count;
  for (const Event& event : events()) ++count[std::string(to_string(event.kind))];
  EXPECT_EQ(count["run_started"], 1);
  EXPECT_EQ(count["round_opened"], 3);
  EXPECT_EQ(count["connected"], 3);
  EXPECT_EQ(count["update_accepted"], 9);
  EXPECT_EQ(count["round_closed"], 3);
  EXPECT_EQ(count["model_written"], 1);
  EXPECT_EQ(count["finished"], 1);
  EXPECT_GE(count["model_sent"], 9);
  EXPECT_GE(count["upload_progress"], 6);
  EXPECT_GE(count["site_state"], 6);
  EXPECT_EQ(count["failed"] + count["stopped"] + count["site_refused"], 0);
  const RunStatus end = status();
  EXPECT_EQ(end.end, "finished");
  for (const std::string& line : warnings(end, 0)) EXPECT_THAT(line, testing::HasSubstr("nearly another site's")) << "toy updates all point one way, and nothing else is to be told";
  const SiteStatus& seen = end.sites.at("west");
  EXPECT_EQ(seen.state, SiteState::kDone);
  EXPECT_EQ(seen.accepted, 2);
  EXPECT_GT(seen.bytes_in, 2U * 500000) << "two updates; their equal chunks travel once";
  EXPECT_GT(seen.bytes_out, 2U * 1600000);
}

// F1: the thread that tells is not the one that trains.
TEST_F(Visible, ATrainingThatNeverReturnsIsSeenToLiveAndToProgress) {
  std::promise<void> end;
  std::shared_future<void> ended = end.get_future().share();
  SiteProgress progress;
  progress.configured(42, 7, "cpu");
  const auto body = [&](const RoundPlan&) {
    progress.begin_training(10);
    progress.step(0.75);
    ended.wait();  // one step that takes as long as the test wants
  };
  Slow slow(body);
  ToyTrainer quick[2] = {{0.1F, 3}, {0.2F, 4}};
  FederationSettings settings = toy_settings(1);
  settings.quorum = 3;
  auto hub = coordinator(settings);
  SiteOptions options = site("north");
  options.progress = &progress;
  options.report_seconds = 0.2;
  auto north = std::async(std::launch::async, [&] { return run_site(options, slow); });
  auto east = join("east", quick[0]), west = join("west", quick[1]);
  ASSERT_TRUE(wait_until([&] { return status().sites.at("north").step == 1; }));
  const double first = status().sites.at("north").last_seen;
  ASSERT_TRUE(wait_until([&] { return status().sites.at("north").last_seen >= first + 2; })) << "it trains on and says nothing new, but it lives";
  const SiteStatus seen = status().sites.at("north");
  EXPECT_EQ(seen.state, SiteState::kTraining);
  EXPECT_TRUE(seen.is_configured);
  EXPECT_EQ(seen.cases, 42);
  EXPECT_EQ(seen.steps, 10);
  EXPECT_EQ(seen.loss, 0.75);
  EXPECT_EQ(status().sites.at("east").state, SiteState::kWaiting) << "nobody else is touched";
  end.set_value();
  hub.get(), east.get(), north.get(), west.get();
  EXPECT_EQ(status().sites.at("north").accepted, 1);
}

TEST_F(Visible, ASiteThatIsRefusedIsListedWithItsReason) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), "localhost:0", &stop);
  issue_certificate(keys(), "south");
  ToyTrainer trainer(1, 1);
  EXPECT_THROW(run_site(site("south", 1), trainer), Error);
  const RunStatus seen = status();
  ASSERT_TRUE(seen.refused.contains("south"));
  EXPECT_THAT(seen.refused.at("south").reason, HasSubstr("does not belong to this federation"));
  EXPECT_FALSE(seen.sites.contains("south"));
  stop = true;
  hub.get();
  EXPECT_EQ(status().end, "stopped");
}

/// A certificate with the role of an observer, by openssl's own program.
TlsFiles observer_files(const fs::path& keys, const std::string& name) {
  const auto openssl = [](std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/bin/openssl");
    const auto outcome = consilium::test::run_program(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  };
  const TlsFiles files = tls_files(keys, name);
  const std::string request = (keys / "request").string(), extensions = (keys / "extensions").string();
  write_file(extensions, "extendedKeyUsage=clientAuth\n");
  openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files.key.string(), "-subj", "/OU=observer/CN=" + name, "-out", request});
  openssl({"x509", "-req", "-in", request, "-CA", files.authority.string(), "-CAkey", (keys / "ca.key").string(), "-extfile", extensions, "-days", "1", "-out", files.certificate.string()});
  return files;
}

TEST_F(Visible, AnObserverGetsTheEventsAndASiteDoesNot) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(toy_settings(1), "localhost:0", &stop);
  const auto stub_of = [&](const TlsFiles& files) { return v1::Progress::NewStub(grpc::CreateChannel(address(), grpc::SslCredentials({read_file(files.authority), read_file(files.key), read_file(files.certificate)}))); };
  {
    const auto stub = stub_of(tls_files(keys(), "east"));
    grpc::ClientContext context;
    v1::Observation message;
    const auto reader = stub->Observe(&context, {});
    EXPECT_FALSE(reader->Read(&message));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  }
  const auto stub = stub_of(observer_files(keys(), "nurse"));
  grpc::ClientContext context;
  const auto reader = stub->Observe(&context, {});
  RunStatus seen;
  v1::Observation message;
  const auto read = [&] {
    if (!reader->Read(&message)) return false;
    for (const Event& event : from_message(message).events) apply(seen, event);
    return true;
  };
  ASSERT_TRUE(read());
  EXPECT_EQ(seen.sites.size(), 3U) << "what was before it came";
  ToyTrainer trainers[3] = {{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  while (read()) continue;
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(seen.end, "finished");
  EXPECT_EQ(seen.updates.at("accepted"), 6);
  hub.get(), east.get(), north.get(), west.get();
}

/// `consilium watch --coordinator`: what an observer is told from afar is what the coordinator's folder says, over a coordinator that stops and goes on.
TEST_F(Visible, AnObserverFollowsARunOverTheNetwork) {
  std::atomic<bool> stop = false;
  auto first = coordinator(toy_settings(3), "localhost:0", &stop, [&](const RoundReport& report) { if (report.round == 1) stop = true; });
  const std::string where = address();
  const RemoteRunOptions options{.coordinator = where, .name = "nurse", .tls = observer_files(keys(), "nurse"), .redraw_seconds = 0.1, .give_up_seconds = 30};
  std::vector<std::string> told;
  RunStatus last;
  std::atomic<int> news = 0;
  const auto listen = [&](const RunStatus& status, const std::vector<Event>& fresh) {
    last = status;
    for (const Event& event : fresh) told.push_back(to_line(event));
    ++news;
  };
  auto until_the_stop = std::async(std::launch::async, [&] { follow_run(options, listen, nullptr); });
  EXPECT_TRUE(wait_until([&] { return news > 0; })) << "who comes after the stop finds nobody";
  Gate gate(1);
  GatedTrainer trainers[3] = {{gate, 0.1F, 3}, {gate, 0.3F, 5}, {gate, -0.2F, 1}};
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  until_the_stop.get(), first.get();
  EXPECT_EQ(last.end, "stopped");
  told.clear();
  news = 0;
  auto second = coordinator(toy_settings(3), where);
  auto until_the_end = std::async(std::launch::async, [&] { follow_run(options, listen, nullptr); });
  EXPECT_TRUE(wait_until([&] { return news > 0; }));
  gate.open();
  second.get(), east.get(), north.get(), west.get(), until_the_end.get();
  EXPECT_EQ(last.end, "finished");
  EXPECT_EQ(last.rounds_closed, 4);
  std::vector<std::string> kept;
  for (const Event& event : events()) kept.push_back(to_line(event));
  // It leaves with the run; what the sites leave behind after it may come in the same message, or not.
  ASSERT_LE(told.size(), kept.size());
  kept.resize(told.size());
  EXPECT_EQ(told, kept);
  EXPECT_THAT(told, Contains(HasSubstr("finished")));
}

TEST_F(Visible, WhoIsNoObserverFollowsNoRun) {
  try {
    follow_run({.coordinator = "localhost:1", .name = "east", .tls = tls_files(keys(), "east")}, {}, nullptr);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    EXPECT_THAT(error.what(), HasSubstr("--role observer"));
  }
  EXPECT_THROW(follow_run({.coordinator = "localhost:1", .name = "nurse", .tls = observer_files(keys(), "nurse"), .give_up_seconds = 1}, {}, nullptr), Error);
}

TEST_F(Visible, ACoordinatorThatGoesOnTellsSo) {
  std::atomic<bool> stop = false;
  auto first = coordinator(toy_settings(3), "localhost:0", &stop, [&](const RoundReport& report) { if (report.round == 1) stop = true; });
  const std::string where = address();
  Gate gate(1);
  GatedTrainer trainers[3] = {{gate, 0.1F, 3}, {gate, 0.3F, 5}, {gate, -0.2F, 1}};
  auto east = join("east", trainers[0]), north = join("north", trainers[1]), west = join("west", trainers[2]);
  first.get();
  EXPECT_EQ(status().end, "stopped");
  gate.open();
  auto second = coordinator(toy_settings(3), where);
  second.get(), east.get(), north.get(), west.get();
  const RunStatus end = status();
  EXPECT_EQ(end.end, "finished");
  EXPECT_EQ(end.sites.at("north").accepted, 3);
  std::vector<std::string> kinds;
  for (const Event& event : events()) kinds.emplace_back(to_string(event.kind));
  EXPECT_THAT(kinds, Contains("run_resumed"));
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "run_started"), 1);
}

}  // namespace
}  // namespace consilium::fl
