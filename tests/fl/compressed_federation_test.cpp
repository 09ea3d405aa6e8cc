#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>

#include "base/files.h"
#include "consilium/fl/v1/federation.grpc.pb.h"
#include "fl/compress/delta.h"
#include "fl/run_history.h"
#include "fl/run_in_process.h"
#include "fl/tls_check.h"
#include "fl/transport/channel.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "fl/wire/messages.h"
#include "tests/fl/compress/deltas.h"
#include "tests/fl/without_commitments.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using test::layout;
using testing::HasSubstr;

/// Changes that look like training's, other ones in every round and at every site.
class NoisyTrainer : public Trainer {
 public:
  explicit NoisyTrainer(std::uint64_t seed) : seed_(seed) {}
  Validation validate(const RoundPlan& plan, const ModelState&) override { return {0.1 * static_cast<double>(plan.round), 2}; }
  Update train(const RoundPlan& plan, const ModelState&) override {
    Update update;
    update.delta = test::heavy_tailed_delta(seed_ + 100 * static_cast<std::uint64_t>(plan.round));
    update.cases_per_group = {{"trunk", 3}, {"head", 3}};
    if (plan.round == poisoned_round) update.delta.tensors[1].values[7] = std::numeric_limits<float>::quiet_NaN();
    ++trained;
    return update;
  }
  int trained = 0;
  std::int64_t poisoned_round = -1;

 private:
  std::uint64_t seed_;
};

FederationSettings settings_with(const CompressionSettings& compression) {
  return {.sites = {"east", "west"}, .rounds = 3, .quorum = 1, .deadline_seconds = 30, .compression = compression};
}

class CompressedFederation : public testing::Test {
 protected:
  CompressedFederation() {
    init_authority(keys());
    issue_certificate(keys(), "hub", {.role = Role::kCoordinator, .hosts = {"localhost", "127.0.0.1"}});
    for (const char* name : {"east", "west"}) issue_certificate(keys(), name);
  }
  fs::path keys() const { return folder.path() / "keys"; }
  std::future<RunState> coordinator(const FederationSettings& settings, const std::atomic<bool>* stop = nullptr) {
    return std::async(std::launch::async, [=, this] {
      return run_coordinator({.listen = "localhost:0",
                              .name = "hub",
                              .tls = tls_files(keys(), "hub"),
                              .folder = folder.path() / "hub",
                              .linger_seconds = 5},
                             settings, layout(), {}, stop);
    });
  }
  std::string address() const {
    const fs::path file = folder.path() / "hub" / "address";
    while (!fs::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::string text = read_file(file);
    text.pop_back();
    return text;
  }
  SiteOptions site(const std::string& name) const {
    return {.name = name,
            .coordinator = address(),
            .tls = tls_files(keys(), name),
            .folder = folder.path() / name,
            .give_up_seconds = 20};
  }
  std::future<ModelState> join(const std::string& name, Trainer& trainer) {
    return std::async(std::launch::async, [this, name, &trainer] { return run_site(site(name), trainer); });
  }

  TemporaryFolder folder;
};

class EveryCodec : public CompressedFederation, public testing::WithParamInterface<Codec> {};

/// So a simulation has the numbers of a federation.
TEST_P(EveryCodec, OverTheWireAndInOneProcessEndsInTheSameBytes) {
  const FederationSettings settings = settings_with({.codec = GetParam(), .bits = 2});
  const TemporaryFolder plain;
  NoisyTrainer a(1), b(2), c(1), d(2);
  const FinishedRun expected = run_in_process(settings, layout(), {{"east", &a}, {"west", &b}}, plain.path());
  auto hub = coordinator(settings);
  auto east = join("east", c), west = join("west", d);
  const RunState state = hub.get();
  EXPECT_EQ(without_commitments(state), expected.state);
  EXPECT_EQ(east.get(), expected.best);
  west.get();
  for (const RoundReport& report : state.reports)
    for (const SiteOutcome& outcome : report.sites) {
      if (report.round == settings.rounds) {
        EXPECT_FALSE(outcome.metrics.contains("upload_bytes")) << "the last look sends no weights";
        continue;
      }
      const double factor = outcome.metrics.at("raw_bytes") / outcome.metrics.at("upload_bytes");
      if (GetParam() == Codec::kNone)
        EXPECT_EQ(factor, 1);
      else
        EXPECT_GT(factor, 1.8);
    }
}

INSTANTIATE_TEST_SUITE_P(Codec, EveryCodec, testing::ValuesIn(codecs()),
                         [](const auto& parameter) { return std::string(to_string(parameter.param)); });

TEST_F(CompressedFederation, AResumedRunInOneProcessHasTheSameErrorFeedback) {
  const FederationSettings settings = settings_with({.codec = Codec::kTopK});
  const TemporaryFolder whole, cut;
  NoisyTrainer a(1), b(2);
  const std::vector<std::pair<std::string, Trainer*>> trainers{{"east", &a}, {"west", &b}};
  const FinishedRun expected = run_in_process(settings, layout(), trainers, whole.path());
  const auto stop_after_first = [](const RoundReport&) { throw Error(ErrorCode::kInterrupted, "stopped"); };
  EXPECT_THROW(run_in_process(settings, layout(), trainers, cut.path(), stop_after_first), Error);
  EXPECT_EQ(run_in_process(settings, layout(), trainers, cut.path()), expected);
}

TEST_F(CompressedFederation, ASiteThatWasKilledSendsTheSameBytesAgain) {
  FederationSettings settings = settings_with({.codec = Codec::kTopK});
  settings.quorum = 2;
  const TemporaryFolder plain;
  NoisyTrainer a(1), b(2), c(1), d(2);
  const FinishedRun expected = run_in_process(settings, layout(), {{"east", &a}, {"west", &b}}, plain.path());
  auto hub = coordinator(settings);
  std::atomic<bool> stop = false;
  auto leaving = std::async(std::launch::async, [&] { return run_site(site("east"), c, {}, &stop); });
  while (!fs::exists(folder.path() / "east" / "update.delta")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  stop = true;
  EXPECT_THROW(leaving.get(), Error);
  fs::remove(folder.path() / "east" /
             "update.offer");  // as if it had been killed between the memory and the update: it trains again
  auto east = join("east", c), west = join("west", d);
  EXPECT_EQ(without_commitments(hub.get()), expected.state);
  EXPECT_GE(c.trained, 4);
  east.get(), west.get();
}

TEST_F(CompressedFederation, WeightsThatNoCodecTakesAreSentAsTheyAreAndRejectedByName) {
  auto hub = coordinator(settings_with({.codec = Codec::kRotation, .bits = 1}));
  NoisyTrainer good(1), bad(2);
  bad.poisoned_round = 1;
  auto east = join("east", good), west = join("west", bad);
  const RunState state = hub.get();
  EXPECT_EQ(state.reports[0].sites[1].participation, Participation::kAccepted);
  EXPECT_EQ(state.reports[1].sites[1].participation, Participation::kRejected);
  EXPECT_THAT(state.reports[1].sites[1].reason, HasSubstr("conv.weight holds a value that is not finite"));
  EXPECT_EQ(state.reports[2].sites[1].participation, Participation::kAccepted);
  east.get(), west.get();
}

class ForeignSite {
 public:
  ForeignSite(const std::string& address, const SiteOptions& options)
      : stub_(pb::Federation::NewStub(grpc::CreateChannel(address, channel_credentials(read_tls_files(options.tls, Role::kSite, options.name))))) {}

  /// The first announcement, or the refusal.
  grpc::Status watch(const std::vector<std::string>& codecs, pb::Announcement& announcement) {
    grpc::ClientContext context;
    pb::WatchRequest request;
    request.set_protocol_version(1);
    for (const std::string& codec : codecs) request.add_codecs(codec);
    const auto reader = stub_->Watch(&context, request);
    if (reader->Read(&announcement)) {
      context.TryCancel();
      return grpc::Status::OK;
    }
    return reader->Finish();
  }
  /// Sends `bytes` as the update of round 0, said to be written with `codec`.
  pb::Receipt send(const std::string& bytes, const std::string& base_digest, Codec codec) {
    Update update;
    update.base_digest = base_digest;
    update.cases_per_group = {{"trunk", 3}, {"head", 3}};
    const ChunkList chunks = chunk_list(bytes);
    pb::Receipt receipt;
    {
      grpc::ClientContext context;
      pb::MissingChunks missing;
      EXPECT_TRUE(stub_->OfferUpdate(&context, to_message(update, chunks, codec), &missing).ok());
    }
    {
      grpc::ClientContext context;
      pb::SendChunksResponse done;
      const auto writer = stub_->SendChunks(&context, &done);
      pb::Chunk chunk;
      chunk.set_sha256(chunks.hashes[0]);
      chunk.set_data(bytes);
      writer->Write(chunk);
      writer->WritesDone();
      EXPECT_TRUE(writer->Finish().ok());
    }
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->CommitUpdate(&context, {}, &receipt).ok());
    return receipt;
  }

 private:
  std::unique_ptr<pb::Federation::Stub> stub_;
};

TEST_F(CompressedFederation, ASiteThatDoesNotSpeakTheCodecIsToldSoWhenItConnects) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(settings_with({.codec = Codec::kTopK, .fraction = 0.1}), &stop);
  ForeignSite foreign(address(), site("east"));
  pb::Announcement announcement;
  for (const std::vector<std::string>& codecs : {std::vector<std::string>{}, {"none", "int8"}}) {
    const grpc::Status status = foreign.watch(codecs, announcement);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr("codec topk, which this site does not speak"));
  }
  EXPECT_THAT(read_run_status(folder.path() / "hub").refused.at("east").reason, HasSubstr("codec topk"));
  EXPECT_TRUE(foreign.watch({"topk"}, announcement).ok());
  EXPECT_EQ(from_message(announcement).plan.compression, (CompressionSettings{.codec = Codec::kTopK, .fraction = 0.1}));
  stop = true;
  hub.get();
}

TEST_F(CompressedFederation, WithoutACodecAnySiteIsWelcome) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(settings_with({}), &stop);
  pb::Announcement announcement;
  EXPECT_TRUE(ForeignSite(address(), site("east")).watch({}, announcement).ok());
  EXPECT_EQ(announcement.compression(), "");
  stop = true;
  hub.get();
}

TEST_F(CompressedFederation, AnUpdateThatIsNotWhatItSaysIsRejectedAndTheRoundGoesOn) {
  std::atomic<bool> stop = false;
  auto hub = coordinator(settings_with({.codec = Codec::kInt8}), &stop);
  ForeignSite foreign(address(), site("east"));
  const std::string base = digest(layout());
  const auto message = [&](Codec codec) {
    return encode_delta(test::heavy_tailed_delta(1), layout(), {.codec = codec}, {base, "east", 0});
  };
  std::string damaged = message(Codec::kInt8);
  damaged[damaged.size() / 2] ^= 1;
  damaged.resize(damaged.size() - 1);
  const auto reason = [&](const std::string& bytes, Codec codec) {
    const pb::Receipt receipt = foreign.send(bytes, base, codec);
    EXPECT_EQ(receipt.kind(), pb::Receipt::KIND_REJECTED);
    return receipt.reason();
  };
  EXPECT_THAT(reason(message(Codec::kSign), Codec::kSign), HasSubstr("codec sign, the plan's is int8"));
  EXPECT_THAT(reason(message(Codec::kSign), Codec::kInt8), HasSubstr("not written with the codec that its offer names"));
  EXPECT_THAT(reason(damaged, Codec::kInt8), HasSubstr("update of site \"east\": the bytes end too early"));
  EXPECT_THAT(reason(message(Codec::kInt8), Codec::kNone), HasSubstr("the header promises"));
  EXPECT_EQ(foreign.send(message(Codec::kInt8), base, Codec::kInt8).kind(), pb::Receipt::KIND_ACCEPTED);
  stop = true;
  hub.get();
}

}  // namespace
}  // namespace consilium::fl
