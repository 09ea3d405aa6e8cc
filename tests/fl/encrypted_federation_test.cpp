#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/encrypt/encryption_messages.h"
#include "fl/tls_check.h"
#include "fl/transport/channel.h"
#include "fl/wire/chunk_file.h"
#include "fl/wire/messages.h"
#include "tests/fl/federation_fixture.h"

namespace consilium::fl {
namespace {

using test::ToyTrainer;
using testing::HasSubstr;

/// Half a step of 2^-20 in every round, grown by the toy trainers' own factor, and float32's.
constexpr float kFixedPointTolerance = 1e-5F;

FederationSettings encrypted_settings(std::int64_t rounds = 3) {
  FederationSettings settings = test::toy_settings(rounds);
  settings.quorum = 3;
  settings.protection.encryption = EncryptionSettings{.stage_seconds = 10};
  return settings;
}

void expect_near(const ModelState& found, const ModelState& expected) {
  require_same_layout(expected, found);
  for (std::size_t t = 0; t < expected.tensors.size(); ++t)
    for (std::size_t n = 0; n < expected.tensors[t].values.size(); ++n) ASSERT_NEAR(found.tensors[t].values[n], expected.tensors[t].values[n], kFixedPointTolerance) << expected.tensors[t].name;
}

class EncryptedFederation : public test::Federation {
 protected:
  ToyTrainer a{0.1F, 3}, b{0.3F, 5}, c{-0.2F, 1};
};

TEST_F(EncryptedFederation, InOneProcessIsThePlainOneToFixedPoint) {
  const FinishedRun encrypted = undisturbed(encrypted_settings()), plain = undisturbed(test::toy_settings());
  expect_near(encrypted.state.global, plain.state.global);
  expect_near(encrypted.best, plain.best);
  ASSERT_EQ(encrypted.state.reports.size(), plain.state.reports.size());
  for (std::size_t n = 0; n < plain.state.reports.size(); ++n) {
    EXPECT_NEAR(encrypted.state.reports[n].validation, plain.state.reports[n].validation, 1e-6);
    EXPECT_EQ(encrypted.state.reports[n].validation_cases, plain.state.reports[n].validation_cases);
    for (const SiteOutcome& outcome : encrypted.state.reports[n].sites) {
      EXPECT_EQ(outcome.participation, Participation::kAccepted) << outcome.reason;
      EXPECT_EQ(outcome.cases, 0) << "nobody knows";
      EXPECT_EQ(outcome.validation, Validation{});
    }
  }
  EXPECT_NEAR(encrypted.state.reports[0].sums.at("loss"), 1.5, 1e-6);
  EXPECT_EQ(encrypted.state.reports[0].sums.at("cases.trunk"), 9);
}

TEST_F(EncryptedFederation, OverMutualTlsHasTheBitsOfOneInOneProcess) {
  const FinishedRun expected = undisturbed(encrypted_settings());
  auto hub = coordinator(encrypted_settings());
  auto east = join("east", a), north = join("north", b), west = join("west", c);
  const RunState state = hub.get();
  EXPECT_EQ(state.global, expected.state.global);
  EXPECT_EQ(east.get(), expected.best);
  EXPECT_EQ(north.get(), expected.best);
  west.get();
  EXPECT_EQ(a.trained, 3);
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "hub")) EXPECT_NE(entry.path().filename(), "encryption_key.json") << "the coordinator has a key";
}

TEST_F(EncryptedFederation, ASiteThatIsStoppedAgainAndAgainCostsAttemptsAndNoRound) {
  const FinishedRun expected = undisturbed(encrypted_settings(6));
  auto hub = coordinator(encrypted_settings(6));
  auto east = join("east", a), north = join("north", b);
  for (int stops = 0;; ++stops) {
    std::atomic<bool> stop = false;
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(150 + 170 * stops));
      stop = true;
    });
    bool finished = true;
    try {
      run_site(site("west"), c, {}, &stop);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInterrupted) << error.what();
      finished = false;
    }
    stopper.join();
    if (finished) break;
  }
  const RunState state = hub.get();
  EXPECT_EQ(state.global, expected.state.global);
  EXPECT_EQ(a.trained, 6) << "an attempt is no training";
  east.get();
  north.get();
}

/// What a site answered to a coordinator that was killed meanwhile: the one that took its place gathers, and takes no file of any length at that step.
TEST_F(EncryptedFederation, AnAnswerWithAFileFromBeforeARestartIsLateAndNoFault) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(encrypted_settings(), "localhost:0", &stop);
  const auto stub = pb::Federation::NewStub(grpc::CreateChannel(address(), channel_credentials(read_tls_files(tls_files(keys(), "east"), Role::kSite, "east"))));
  write_file(folder.path() / "vector.bin", std::string(3 << 20, 'v'));
  const pb::StageAnswer answer = to_message({0, kEncryption, kEncryptionVersion, std::string(kAttemptBytes, 'a'), 2, {}, {}, {}}, chunks_of_file(folder.path() / "vector.bin").list);
  grpc::ClientContext offering, answering;
  pb::MissingChunks missing;
  pb::Receipt receipt;
  grpc::Status status = stub->OfferStageFile(&offering, answer, &missing);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(missing.index_size(), 0) << "nobody wants it any more";
  status = stub->AnswerStage(&answering, answer, &receipt);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(from_message(receipt).kind, ReceiptKind::kStale);
  stop = true;
  hub.get();
}

TEST_F(EncryptedFederation, WithoutOneOfThreeSitesNothingIsOpenedAndTheRunIsGivenUpAtLast) {
  FederationSettings settings = encrypted_settings(1);
  settings.quorum = 2;
  settings.deadline_seconds = 1;
  settings.policy.abandon_seconds = 4;
  auto hub = coordinator(settings);
  const auto take_part = [&](const char* name, Trainer& trainer) {
    return std::async(std::launch::async, [this, name, &trainer] { EXPECT_THROW(run_site(site(name, 2), trainer), Error); });
  };
  auto east = take_part("east", a), north = take_part("north", b);
  EXPECT_THROW(hub.get(), Error);
  EXPECT_EQ(a.trained, 1);
  east.get();
  north.get();
}

TEST(EncryptedSettings, RefuseWhatDoesNotGoTogether) {
  const auto refusal = [](const std::function<void(FederationSettings&)>& change) -> std::string {
    FederationSettings settings = encrypted_settings();
    change(settings);
    try {
      validate(settings);
      return "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      return error.what();
    }
  };
  EXPECT_EQ(refusal([](FederationSettings&) {}), "accepted");
  EXPECT_THAT(refusal([](FederationSettings& s) { s.protection.secure_aggregation.emplace(); }), HasSubstr("federation.protection: an update is either masked or encrypted"));
  EXPECT_THAT(refusal([](FederationSettings& s) { s.aggregation.rule = AggregationRule::kMedian; }), HasSubstr("median does not go with homomorphic encryption"));
  EXPECT_THAT(refusal([](FederationSettings& s) { s.compression.codec = Codec::kInt8; }), HasSubstr("homomorphic encryption"));
  EXPECT_THAT(refusal([](FederationSettings& s) { s.sites.pop_back(), s.quorum = 2; }), HasSubstr("federation.protection.encryption: needs 3 to 1000 sites"));
  EXPECT_THAT(refusal([](FederationSettings& s) { s.policy.close_after = 3; }), HasSubstr("policy.close_after"));
  EXPECT_THAT(refusal([](FederationSettings& s) { s.protection.encryption->clip = 1e6, s.protection.encryption->fraction_bits = 40; }), HasSubstr("a slot has at most 63"));
}

}  // namespace
}  // namespace consilium::fl
