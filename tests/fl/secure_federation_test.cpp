#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <future>

#include "base/files.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/privacy/rdp.h"
#include "fl/run_in_process.h"
#include "fl/tls_check.h"
#include "fl/transport/channel.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "fl/wire/messages.h"
#include "tests/fl/toy.h"
#include "tests/support/process.h"
#include "tests/support/refusal.h"
#include "tests/support/relay.h"

// Federations whose updates nobody sees, over mutual TLS and in one process.
namespace consilium::fl {
namespace {

using consilium::test::wait_until;
using test::toy_model;
using test::ToyTrainer;
using testing::HasSubstr;

FederationSettings secure_settings(std::int64_t threshold = 0) {
  FederationSettings settings = test::toy_settings();
  settings.quorum = 3;
  settings.protection.secure_aggregation = SecureAggregationSettings{.threshold = threshold, .stage_seconds = 5};
  return settings;
}

class SecureFederation : public testing::Test {
 protected:
  SecureFederation() {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
    for (const char* name : {"east", "north", "west"}) issue_certificate(keys(), name);
  }
  ~SecureFederation() override { stop = true; }
  fs::path keys() const { return folder.path() / "keys"; }
  std::future<RunState> coordinator(const FederationSettings& settings, const std::atomic<bool>* own_stop = nullptr) {
    fs::remove(folder.path() / "hub" / "address");
    return std::async(std::launch::async, [=, this] {
      return run_coordinator({.listen = listen, .name = "hub", .tls = tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = 20}, settings, toy_model(), {}, own_stop != nullptr ? own_stop : &stop);
    });
  }
  std::string address() {
    const fs::path file = folder.path() / "hub" / "address";
    EXPECT_TRUE(wait_until([&] { return fs::exists(file); }));
    std::string text = read_file(file);
    text.pop_back();
    listen = text;  // a coordinator that starts again is found there
    return text;
  }
  std::future<ModelState> join(const std::string& name, Trainer& trainer, const std::atomic<bool>* own_stop = nullptr) {
    const std::string where = address();
    return std::async(std::launch::async, [=, this, &trainer] {
      return run_site({.name = name, .coordinator = where, .tls = tls_files(keys(), name), .folder = folder.path() / name, .give_up_seconds = 60}, trainer, {}, own_stop != nullptr ? own_stop : &stop);
    });
  }
  /// The same without anybody in between, and undisturbed.
  static FinishedRun in_process(const FederationSettings& settings) {
    const TemporaryFolder plain;
    ToyTrainer a(0.5F, 3), b(-0.25F, 5), c(0.125F, 9);
    return run_in_process(settings, toy_model(), {{"east", &a}, {"north", &b}, {"west", &c}}, plain.path());
  }

  TemporaryFolder folder;
  std::string listen = "localhost:0";
  std::atomic<bool> stop = false;
  ToyTrainer a{0.5F, 3}, b{-0.25F, 5}, c{0.125F, 9};
};

TEST_F(SecureFederation, EndsInTheModelOfThePlainOneWithinTheFixedPoint) {
  FederationSettings plain = secure_settings();
  plain.protection = {};
  const FinishedRun expected = in_process(plain), secure = in_process(secure_settings());
  // A mean is off by at most half a unit of 2^-24, and one of float32; three rounds of feedback below 2.
  constexpr double kTolerance = 3 * 2 * std::pow(2.0, -23);
  for (std::size_t n = 0; n < expected.best.tensors.size(); ++n)
    for (std::size_t k = 0; k < expected.best.tensors[n].values.size(); ++k) ASSERT_NEAR(expected.best.tensors[n].values[k], secure.best.tensors[n].values[k], kTolerance);
}

TEST_F(SecureFederation, OverTheWireAndInOneProcessEndsInTheSameBytes) {
  const FinishedRun expected = in_process(secure_settings());
  auto hub = coordinator(secure_settings());
  auto east = join("east", a), north = join("north", b), west = join("west", c);
  const RunState state = hub.get();
  EXPECT_EQ(state.global, expected.state.global);
  EXPECT_EQ(state.reports, expected.state.reports);
  EXPECT_EQ(east.get(), expected.best);
  EXPECT_EQ(north.get(), expected.best);
  EXPECT_EQ(west.get(), expected.best);
  ASSERT_EQ(state.reports.size(), 4U);
  for (const RoundReport& report : state.reports) {
    EXPECT_EQ(report.validation_cases, 6);
    EXPECT_EQ(report.sums.contains("cases.trunk"), report.round < 3);
    for (const SiteOutcome& site : report.sites) {
      EXPECT_EQ(site.participation, Participation::kAccepted);
      EXPECT_EQ(site.cases, 0) << "what a site has is nobody's business";
      EXPECT_EQ(site.validation, Validation{});
      EXPECT_TRUE(site.metrics.empty());
    }
  }
  // Nothing that the coordinator keeps tells of one site: neither its events nor its folder.
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "hub"))
    if (entry.path().filename() == "events.jsonl") {
      const std::string events = read_file(entry.path());
      EXPECT_EQ(events.find("\"loss\""), std::string::npos);
      EXPECT_EQ(events.find("\"cases\":3"), std::string::npos);
    }
}

TEST_F(SecureFederation, GoesOnWithoutASiteThatIsKilledInTheMiddleAndTakesItBack) {
  std::atomic<bool> kill = false;
  auto hub = coordinator(secure_settings());
  auto east = join("east", a), north = join("north", b);
  auto leaving = join("west", c, &kill);
  EXPECT_TRUE(wait_until([&] { return fs::exists(folder.path() / "west/protocol/masked_update"); }));
  kill = true;
  try {
    leaving.get();  // or it was too quick for us
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInterrupted);
  }
  ToyTrainer again(0.125F, 9);
  auto back = join("west", again);
  const RunState state = hub.get();
  EXPECT_EQ(state.reports.size(), 4U);
  east.get();
  north.get();
  back.get();
}

TEST_F(SecureFederation, WhereAllAreNeededAKilledSiteLeavesTheSameModel) {
  const FinishedRun expected = in_process(secure_settings(3));
  std::atomic<bool> kill = false;
  auto hub = coordinator(secure_settings(3));
  auto east = join("east", a), north = join("north", b);
  auto leaving = join("west", c, &kill);
  EXPECT_TRUE(wait_until([&] { return fs::exists(folder.path() / "west/protocol/masked_update"); }));
  kill = true;
  try {
    leaving.get();
  } catch (const Error&) {
  }
  ToyTrainer again(0.125F, 9);
  auto back = join("west", again);
  EXPECT_EQ(hub.get().global, expected.state.global);
  EXPECT_EQ(back.get(), expected.best);
  east.get();
  north.get();
}

TEST_F(SecureFederation, ACoordinatorThatIsKilledInTheMiddleEndsInTheSameModel) {
  const FinishedRun expected = in_process(secure_settings());
  std::atomic<bool> kill = false;
  auto first = coordinator(secure_settings(), &kill);
  auto east = join("east", a), north = join("north", b), west = join("west", c);
  EXPECT_TRUE(wait_until([&] { return fs::exists(folder.path() / "hub/uploads/west.kept") || fs::exists(folder.path() / "hub/uploads/west.part"); }));
  kill = true;
  first.get();
  auto second = coordinator(secure_settings());
  EXPECT_EQ(second.get().global, expected.state.global);
  EXPECT_EQ(east.get(), expected.best);
  north.get();
  west.get();
}

/// Trains the trunk only: its update has none of the 400000 values of the head.
class HeadlessTrainer : public ToyTrainer {
 public:
  using ToyTrainer::ToyTrainer;
  Update train(const RoundPlan& plan, const ModelState& global) override {
    Update update = ToyTrainer::train(plan, global);
    update.delta.tensors.pop_back();
    update.cases_per_group.erase("head");
    return update;
  }
};

/// Whoever counts what leaves each hospital, over TLS, cannot tell which of them owns a group.
TEST_F(SecureFederation, ASiteThatLacksAGroupIsNotToldByItsTraffic) {
  HeadlessTrainer headless(0.5F, 3);
  issue_certificate(keys(), "oest");
  FederationSettings settings = secure_settings(3);
  settings.sites = {"east", "oest", "west"};
  auto hub = coordinator(settings);
  const std::string where = address();
  const auto port = static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
  const std::map<std::string, Trainer*> trainers{{"east", &headless}, {"oest", &b}, {"west", &c}};  // names of one length
  std::map<std::string, std::unique_ptr<consilium::test::Relay>> relays;
  std::vector<std::future<ModelState>> sites;
  for (const auto& [name, trainer] : trainers) {
    relays[name] = std::make_unique<consilium::test::Relay>(port);
    const std::string by_relay = relays[name]->address();
    sites.push_back(std::async(std::launch::async, [=, this, name = name, trainer = trainer] {
      return run_site({.name = name, .coordinator = by_relay, .tls = tls_files(keys(), name), .folder = folder.path() / name, .give_up_seconds = 60}, *trainer, {}, &stop);
    }));
  }
  EXPECT_EQ(hub.get().reports.at(0).sums.at("cases.head"), 5 + 9) << "the group's cases are those of the two that own it";
  for (auto& site : sites) site.get();
  // Three masked updates of 400006 values in 6 bytes, and signatures, whose length varies by a few bytes with each.
  const auto bytes = [&](const std::string& name) { return static_cast<double>(relays.at(name)->sent.load()); };
  EXPECT_GT(bytes("east"), 3 * 6 * 400006.0);
  for (const char* other : {"oest", "west"}) EXPECT_NEAR(bytes("east") / bytes(other), 1, 0.01) << "plain updates differ by a factor of thousands";
}

TEST_F(SecureFederation, ASiteThatDoesNotSpeakItIsRefusedAndAPlainUpdateIsNotTaken) {
  auto hub = coordinator(secure_settings());
  const TlsPems pems = read_tls_files(tls_files(keys(), "east"), Role::kSite, "east");
  const auto channel = grpc::CreateCustomChannel(address(), channel_credentials(pems), standing_channel_arguments());
  const auto stub = pb::Federation::NewStub(channel);
  {
    grpc::ClientContext context;
    pb::WatchRequest request;  // as the Python site's, which knows nothing of protections
    request.set_protocol_version(1);
    const auto reader = stub->Watch(&context, request);
    pb::Announcement announcement;
    EXPECT_FALSE(reader->Read(&announcement));
    const grpc::Status status = reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr("the plan protects updates by secure_aggregation, which this site does not speak"));
  }
  grpc::ClientContext context;
  pb::MissingChunks missing;
  const grpc::Status status = stub->OfferUpdate(&context, to_message(test::toy_update({0, 3, std::string(64, 'a'), "{}", {}, {}}, 1, 3), {}), &missing);
  EXPECT_THAT(status.error_message(), HasSubstr("one that is not protected is not taken"));
  stop = true;
  hub.get();
}

/// Nobody has anything to say, and every site adds its share of noise.
FederationSettings noisy_settings(ClientNoise kind, std::int64_t rounds) {
  FederationSettings settings = secure_settings();
  settings.rounds = rounds;
  settings.quorum = 2;
  settings.protection.privacy = ClientPrivacy{.clip = 0.5, .noise_multiplier = 2, .noise = kind, .least_signal_to_noise = 0};
  return settings;
}

/// Of the last tensor's values, which is what the round's mean moved them by.
double variance_of(const ModelState& moved) {
  double square = 0;
  for (const float value : moved.tensors[1].values) square += static_cast<double>(value) * static_cast<double>(value);
  return square / static_cast<double>(moved.tensors[1].values.size());
}
const double kFiveDeviations = 5 * std::sqrt(2.0 / 400000);

/// z C = 1 on the sum, in shares for the two of three sites that must be in it: of three sites 3/2, and on their mean a ninth of that.
TEST_F(SecureFederation, NoiseInSharesHasTheVarianceThatTheAccountantAssumed) {
  const FederationSettings settings = noisy_settings(ClientNoise::kSkellam, 1);
  ToyTrainer silent[] = {{0, 1}, {0, 1}, {0, 1}};
  auto hub = coordinator(settings);
  std::vector<std::future<ModelState>> sites;
  for (int n = 0; n < 3; ++n) sites.push_back(join(settings.sites[static_cast<std::size_t>(n)], silent[n]));
  const RunState state = hub.get();
  for (auto& site : sites) site.get();
  ASSERT_EQ(state.reports[0].sites[2].participation, Participation::kAccepted);
  EXPECT_NEAR(variance_of(state.global) / (1.5 / 9), 1, kFiveDeviations);
  // What is told is what the model that is accounted for costs: a Gaussian of that deviation, at this scale hardly more.
  const std::vector<SampledGaussian> gaussian{{2, 1, 1}};
  const double told = state.reports[0].sums.at("epsilon");
  EXPECT_GE(told, rdp_epsilon(gaussian, 1e-5).epsilon);
  EXPECT_NEAR(told, rdp_epsilon(gaussian, 1e-5).epsilon, 0.02);
  EXPECT_EQ(state.reports[0].sums.at("noise_multiplier"), 2);
  EXPECT_EQ(state.reports[0].sums.at("delta"), 1e-5);
}

/// With one site away the sum has exactly the noise that was assumed, and no less; two rounds cost more than one.
TEST_F(SecureFederation, NoiseInSharesIsWhatWasAssumedWhenASiteIsAway) {
  FederationSettings settings = noisy_settings(ClientNoise::kDiscreteGaussian, 1);
  settings.deadline_seconds = 3;
  ToyTrainer silent[] = {{0, 1}, {0, 1}};
  auto hub = coordinator(settings);
  auto east = join("east", silent[0]), north = join("north", silent[1]);
  const RunState state = hub.get();
  east.get();
  north.get();
  ASSERT_EQ(state.reports[0].sites[2].participation, Participation::kLate);
  EXPECT_NEAR(variance_of(state.global) / (1.0 / 4), 1, kFiveDeviations);
}

TEST(SecureNoise, InOneProcessIsTheSameAndEpsilonGrowsWithTheRounds) {
  for (const ClientNoise kind : {ClientNoise::kSkellam, ClientNoise::kDiscreteGaussian}) {
    const TemporaryFolder folder;
    ToyTrainer silent[] = {{0, 1}, {0, 1}, {0, 1}};
    const FinishedRun run = run_in_process(noisy_settings(kind, 2), toy_model(), {{"east", &silent[0]}, {"north", &silent[1]}, {"west", &silent[2]}}, folder.path());
    EXPECT_NEAR(variance_of(run.state.global) / (2 * 1.5 / 9), 1, kFiveDeviations) << "two rounds of it";
    EXPECT_GT(run.state.reports[1].sums.at("epsilon"), run.state.reports[0].sums.at("epsilon"));
  }
}

TEST(SecureSettings, WhatCannotBeHadTogetherIsRefused) {
  const auto words = [](const std::function<void(FederationSettings&)>& change) {
    FederationSettings settings = secure_settings();
    change(settings);
    return consilium::test::refusal(ErrorCode::kUsage, [&] { validate(settings); });
  };
  EXPECT_NO_THROW(validate(secure_settings()));
  EXPECT_THAT(words([](auto& s) { s.sites.pop_back(), s.quorum = 2; }), HasSubstr("at least three sites"));
  EXPECT_THAT(words([](auto& s) { s.protection.secure_aggregation->threshold = 1; }), HasSubstr("more than half of the 3 sites"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kMedian; }), HasSubstr("it compares single updates"));
  EXPECT_THAT(words([](auto& s) { s.compression.codec = Codec::kTopK; }), HasSubstr("codec topk does not go with secure aggregation"));
  EXPECT_THAT(words([](auto& s) { s.policy.close_after = 3; }), HasSubstr("counts only beside the others of its round"));
  EXPECT_THAT(words([](auto& s) { s.policy.selection = {.rule = SelectionRule::kLoss, .sites = 3}; }), HasSubstr("needs to know them of each site"));
  EXPECT_THAT(words([](auto& s) { s.protection.secure_aggregation->fraction_bits = 44; }), HasSubstr("lower clip, fraction_bits or most_cases"));
}

}  // namespace
}  // namespace consilium::fl
