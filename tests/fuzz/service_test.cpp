#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "base/error.h"
#include "base/files.h"
#include "fl/aggregate/aggregation.h"
#include "fl/tls_check.h"
#include "fl/transport/channel.h"
#include "fl/transport/client.h"
#include "fl/transport/server.h"
#include "tests/fuzz/heap_meter.h"
#include "tests/fuzz/service_noise.h"
#include "tests/support/process.h"

namespace consilium::fuzz {
namespace {

constexpr std::size_t kSequences = 300;  // of each of two callers; CONSILIUM_FUZZ_SEQUENCES asks for more
constexpr std::size_t kCallers = 2;
/// Of both ends, on top of the models that the test itself holds: chunks on their way, not claims.
constexpr std::size_t kMostHeapBytes = std::size_t{64} << 20;

std::size_t sequences() {
  const char* wanted = std::getenv("CONSILIUM_FUZZ_SEQUENCES");
  return wanted == nullptr ? kSequences : std::stoul(wanted);
}

ModelState model(std::uint64_t seed) {
  Rng rng(seed);
  ModelState state{{{"a.weight", "trunk", {2, 3}, {}}, {"b.weight", "head", {100000}, {}}}};  // two chunks
  for (NamedTensor& tensor : state.tensors)
    for (std::int64_t n = 0; n < element_count(tensor.shape); ++n) tensor.values.push_back(static_cast<float>(rng.uniform()));
  return state;
}

fl::Update sound_update() {
  fl::Update update;
  update.base_digest = std::string(64, '0');
  update.delta = model(4);
  update.cases_per_group = {{"trunk", 7}, {"head", 7}};
  update.validation = {0.5, 1};
  return update;
}

/// The model that one round with this update alone ends with.
ModelState result(const ModelState& global, const Candidate& candidate, const std::string& sound_bytes) {
  const std::string tail = sound_bytes.substr(ServiceNoise::kHeadBytes);
  fl::Update update = candidate.update;
  update.site = "west";
  if (!candidate.head.empty()) update.delta = parse_safetensors(candidate.head + tail, "candidate").state;
  fl::AggregationMemory memory;
  return fl::aggregate({}, global, std::vector<fl::Update>{update}, {}, 1, memory);
}

class ServiceFuzz : public testing::Test {
 protected:
  ServiceFuzz() {
    google::protobuf::SetLogHandler(nullptr);  // a line on stderr for every text that is not UTF-8
    fl::init_authority(keys());
    fl::issue_certificate(keys(), "hub", {.role = fl::Role::kCoordinator, .hosts = {"127.0.0.1"}});
    fl::issue_certificate(keys(), "west");
    round.set(0, digest(initial));
  }
  fs::path keys() const { return folder.path() / "keys"; }
  /// One site, so that every update that is accepted closes a round.
  fl::RunState run_hub() {
    const fl::FederationSettings settings{.sites = {"west"}, .rounds = 1000000, .quorum = 1, .deadline_seconds = 1e6, .task = "{}"};
    const fl::CoordinatorOptions options{.listen = "127.0.0.1:0", .name = "hub", .tls = fl::tls_files(keys(), "hub"), .folder = folder.path() / "hub", .linger_seconds = 0};
    return fl::run_coordinator(options, settings, initial, [&](const fl::RoundReport& report) { round.set(report.round + 1, report.result_digest); }, &stop);
  }
  std::unique_ptr<ServiceNoise> caller(std::uint64_t seed) {
    const fs::path file = folder.path() / "hub/address";
    EXPECT_TRUE(test::wait_until([&] { return fs::exists(file); }));
    std::string address = read_file(file);
    address.pop_back();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    return std::make_unique<ServiceNoise>(grpc::CreateCustomChannel(address, fl::channel_credentials(fl::read_tls_files(fl::tls_files(keys(), "west"), fl::Role::kSite, "west")), arguments), round, sound, initial, seed);
  }
  /// How many rounds closed with an update that one of the callers had offered; the first that did not ends the count.
  std::size_t explained(const std::vector<fl::RoundReport>& reports, const std::vector<Candidate>& candidates) const {
    const std::string sound_bytes = encode_safetensors(sound.delta);
    ModelState global = initial;
    for (std::size_t n = 0; n < reports.size(); ++n) {
      bool found = false;
      for (const Candidate& candidate : candidates) {
        if (found || candidate.update.round != reports[n].round) continue;
        ModelState next = result(global, candidate, sound_bytes);
        found = digest(next) == reports[n].result_digest;
        if (found) global = std::move(next);
      }
      if (!found) return n;
    }
    return reports.size();
  }

  TemporaryFolder folder;
  const ModelState initial = model(1);
  const fl::Update sound = sound_update();
  OpenRound round;
  std::atomic<bool> stop = false;
};

TEST_F(ServiceFuzz, CallsInAnyOrderLeaveNothingBehindButUpdatesThatWereOfferedWhole) {
  auto hub = std::async(std::launch::async, [&] { return run_hub(); });
  std::vector<std::unique_ptr<ServiceNoise>> callers;
  for (std::size_t n = 0; n < kCallers; ++n) callers.push_back(caller(20240501 + n));
  HeapMeter::reset();
  std::vector<std::future<void>> running;
  for (auto& caller : callers)
    running.push_back(std::async(std::launch::async, [&caller] {
      for (std::size_t n = sequences(); n > 0; --n) caller->sequence();
    }));
  for (auto& thread : running) thread.get();
  EXPECT_LT(HeapMeter::peak_bytes(), kMostHeapBytes);
  EXPECT_EQ(callers[0]->sound_exchange().kind, fl::ReceiptKind::kAccepted) << "the service must still take what is sound";
  stop = true;
  const fl::RunState state = hub.get();

  std::map<std::string, int> outcomes;
  std::vector<Candidate> candidates;
  for (const auto& caller : callers) {
    for (const auto& [what, times] : caller->outcomes()) outcomes[what] += times;
    candidates.insert(candidates.end(), caller->candidates().begin(), caller->candidates().end());
  }
  std::string table;
  for (const auto& [what, times] : outcomes) {
    // OK, CANCELLED, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED (displaced by the other caller), FAILED_PRECONDITION
    EXPECT_THAT(what, testing::AnyOf(testing::MatchesRegex("[A-Za-z]+ (0|1|3|5|7|9)"), testing::MatchesRegex("receipt [1-4]"), testing::StrEq("raw"))) << times << " times";
    table += what + ": " + std::to_string(times) + "; ";
  }
  RecordProperty("outcomes", table);
  for (const char* seen : {"OfferUpdate 0", "OfferUpdate 3", "SendChunks 0", "SendChunks 3", "CommitUpdate 9", "FetchModel 5", "receipt 1", "receipt 4"}) EXPECT_GT(outcomes[seen], 0) << seen;
  EXPECT_EQ(explained(state.reports, candidates), state.reports.size()) << "a round closed with weights that nobody offered";
  EXPECT_GT(state.reports.size(), 5U);
  std::printf("%zu rounds; %s\n", state.reports.size(), table.c_str());
}

}  // namespace
}  // namespace consilium::fuzz
