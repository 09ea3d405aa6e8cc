#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "fl/run_in_process.h"
#include "base/files.h"
#include "tests/fl/peers/small_peers.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::fed_avg_of_history;
using test::rough_network;
using test::small_model;
using test::SmallPeers;
using test::SmallTrainer;
using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;

/// What ring and swarm both promise.
class AgreedPeers : public testing::TestWithParam<Topology> {};
INSTANTIATE_TEST_SUITE_P(Topologies, AgreedPeers, testing::Values(Topology::kRing, Topology::kSwarm), [](const auto& info) { return std::string(to_string(info.param)); });

/// All ended with one history and one model, and that is the FedAvg of the updates the history names.
void expect_agreement(SmallPeers& peers, const PeerRun& run) {
  const RunState& first = run.records.begin()->second.run;
  for (const auto& [name, record] : run.records) {
    EXPECT_EQ(record.run.reports, first.reports) << name;
    EXPECT_EQ(digest(record.run.global), digest(first.global)) << name;
    EXPECT_EQ(digest(record.best), digest(run.records.begin()->second.best)) << name;
    EXPECT_EQ(record.run.best_round, first.best_round) << name;
  }
  EXPECT_EQ(first.reports.size(), static_cast<std::size_t>(peers.settings.rounds) + 1);
  EXPECT_EQ(fed_avg_of_history(peers, first.reports), first.global);
  for (const RoundReport& report : first.reports) {
    std::size_t accepted = 0;
    for (const SiteOutcome& site : report.sites) accepted += takes_part(site) ? 1 : 0;
    EXPECT_GE(accepted, peers.settings.peers.size() / 2 + 1) << "round " << report.round;
  }
}

TEST_P(AgreedPeers, ComeToTheCoordinatorsResultBitForBit) {
  SmallPeers peers(GetParam());
  const PeerRun run = peers.run();
  const TemporaryFolder folder;
  std::vector<std::pair<std::string, Trainer*>> trainers(peers.of.begin(), peers.of.end());
  FinishedRun expected = run_in_process({.sites = peers.settings.peers, .rounds = 4}, small_model(), trainers, folder.path());
  for (RoundReport& report : expected.state.reports)  // peers neither count bytes nor measure contributions
    for (SiteOutcome& site : report.sites)
      for (const char* name : {"upload_bytes", "raw_bytes", "update_norm", "cosine_to_mean", "leave_one_out", "likeness", "rule_weight"}) site.metrics.erase(name);
  for (const auto& [name, record] : run.records) {
    EXPECT_EQ(record.run, expected.state) << name;
    EXPECT_EQ(record.best, expected.best) << name;
  }
}

TEST_P(AgreedPeers, TheSettingsOrderOfNamesChangesNothing) {
  SmallPeers one(GetParam()), other(GetParam());
  std::reverse(other.settings.peers.begin(), other.settings.peers.end());
  EXPECT_EQ(one.run().records, other.run().records);
}

TEST_P(AgreedPeers, AgreeWhateverIsLostRepeatedReorderedOrKilled) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    SmallPeers peers(GetParam(), 3 + seed % 3);
    const PeerRun run = peers.run(rough_network(peers, seed, peers.settings.peers.size() == 5 ? 2 : 1));
    expect_agreement(peers, run);
    if (HasFailure()) break;
  }
}

TEST_P(AgreedPeers, APeerThatNeverComesBackEndsNothing) {
  SmallPeers peers(GetParam(), 4);
  const PeerRun run = peers.run({.outages = {{.peer = "b", .from_seconds = 2.5, .killed = true}}});
  std::set<std::string> digests;
  for (const auto& [name, record] : run.records)
    if (name != "b") digests.insert(digest(record.run.global));
  EXPECT_EQ(digests.size(), 1U);
  const auto& reports = run.records.at("a").run.reports;
  ASSERT_EQ(reports.size(), 5U);
  EXPECT_EQ(reports.back().sites[1].participation, Participation::kLate);
  EXPECT_THAT(reports.back().sites[1].reason, HasSubstr("was not heard of"));
}

/// MediSwarm's F6 and complaint 1: a tunnel is down for six minutes; nobody's run ends, and the site is back in the round after.
TEST_P(AgreedPeers, ASiteThatIsCutOffForSixMinutesIsBackAfterwards) {
  SmallPeers peers(GetParam(), 4, 12);
  peers.settings.liveness_seconds = 30;
  VirtualNetwork network{.outages = {{.peer = "c", .from_seconds = 100, .to_seconds = 460}}};
  for (const std::string& name : peers.settings.peers) network.training_seconds[name] = 60;
  const PeerRun run = peers.run(network);
  expect_agreement(peers, run);
  const auto& reports = run.records.at("c").run.reports;
  const auto is_in = [&](std::size_t round) { return reports[round].sites[2].participation == Participation::kAccepted; };
  EXPECT_TRUE(is_in(0));
  EXPECT_FALSE(is_in(3));
  EXPECT_TRUE(is_in(11));
  EXPECT_THAT(run.events, Contains(HasSubstr("c: caught up")));
}

/// MediSwarm's F5: the swarm moves on without the slowest site.
TEST_P(AgreedPeers, ALateUpdateIsMergedInTheNextRound) {
  SmallPeers peers(GetParam(), 4, 6);
  peers.settings.deadline_seconds = 20;
  const PeerRun run = peers.run({.training_seconds = {{"d", 30}}});
  expect_agreement(peers, run);
  const auto& reports = run.records.at("a").run.reports;
  EXPECT_EQ(reports[0].sites[3].participation, Participation::kLate);
  EXPECT_EQ(reports[1].sites[3].participation, Participation::kMerged);
  EXPECT_EQ(reports[1].sites[3].metrics.at("staleness"), 1);
  EXPECT_EQ(reports[1].sites[3].validation.cases, 0) << "its validation was of the model before";
}

TEST_P(AgreedPeers, ALateUpdateIsRefusedWhereTheRuleSaysSo) {
  SmallPeers peers(GetParam(), 4, 6);
  peers.settings.deadline_seconds = 20;
  peers.settings.late = LateUpdates::kRefuse;
  const PeerRun run = peers.run({.training_seconds = {{"d", 30}}});
  expect_agreement(peers, run);
  EXPECT_THAT(run.events, Contains(HasSubstr("this site's update is refused")));
  for (const RoundReport& report : run.records.at("a").run.reports) EXPECT_NE(report.sites[3].participation, Participation::kMerged);
}

/// F1: nine times the data, hours of training: nobody takes silence of its trainer for its death.
TEST_P(AgreedPeers, ALongTrainingIsNoSilence) {
  SmallPeers peers(GetParam(), 3, 1);
  peers.settings.deadline_seconds = 8000;
  const PeerRun run = peers.run({.training_seconds = {{"a", 7200}}});
  expect_agreement(peers, run);
  for (const RoundReport& report : run.records.at("b").run.reports) EXPECT_EQ(report.sites[0].participation, Participation::kAccepted);
}

TEST_P(AgreedPeers, ASiteWhoseTrainingGivesNonsenseIsRejectedAndTheOthersGoOn) {
  class Broken : public SmallTrainer {
   public:
    using SmallTrainer::SmallTrainer;
    Update train(const RoundPlan& plan, const ModelState& global) override {
      Update update = SmallTrainer::train(plan, global);
      if (plan.round == 1) update.delta.tensors[1].values[3] = std::numeric_limits<float>::quiet_NaN();
      return update;
    }
  };
  SmallPeers peers(GetParam(), 4);
  Broken broken("c", 7);
  peers.of["c"] = &broken;
  const PeerRun run = peers.run();
  expect_agreement(peers, run);
  const auto& reports = run.records.at("a").run.reports;
  EXPECT_EQ(reports[1].sites[2].participation, Participation::kRejected);
  EXPECT_THAT(reports[1].sites[2].reason, testing::AllOf(HasSubstr("b.weight"), HasSubstr("not finite")));
  EXPECT_EQ(reports[2].sites[2].participation, Participation::kAccepted);
}

TEST_P(AgreedPeers, WithoutAQuorumNothingIsDecidedAndNothingIsLost) {
  SmallPeers peers(GetParam(), 4);
  const std::vector<PeerOutage> both{{.peer = "a", .from_seconds = 1.5, .killed = true}, {.peer = "b", .from_seconds = 1.5, .killed = true}};
  EXPECT_THAT(refusal(ErrorCode::kUnreachable, [&] { peers.run({.outages = both, .most_seconds = 2000}); }), AllOf(HasSubstr("a killed"), HasSubstr("c in round")));
  SmallPeers again(GetParam(), 4);
  std::vector<PeerOutage> back = both;
  for (PeerOutage& outage : back) outage.to_seconds = 500;
  expect_agreement(again, again.run({.outages = back}));
}

/// Two halves of a network that is cut must not both go on.
TEST_P(AgreedPeers, ACutNetworkGoesOnAsOneHalfAtMost) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    SmallPeers peers(GetParam(), 5, 8);
    VirtualNetwork network{.seed = seed};
    for (const char* peer : {"a", "b"}) network.outages.push_back({.peer = peer, .from_seconds = 1 + 0.2 * static_cast<double>(seed), .to_seconds = 60});
    expect_agreement(peers, peers.run(network));
  }
}

TEST_P(AgreedPeers, APeerOfAnotherFederationIsNoticedAndChangesNothing) {
  SmallPeers peers(GetParam(), 4);
  PeerRecord other{.run = initial_run(small_model(0.25F)), .best = small_model(0.25F)};
  const std::map<std::string, PeerRecord> start{{"d", other}};
  VirtualNetwork network{.most_seconds = 300};
  std::map<std::string, PeerRecord> last;
  EXPECT_THAT(refusal(ErrorCode::kUnreachable, [&] { run_peers_in_process(peers.settings, small_model(), peers.of, network, start, [&](const std::string& name, const PeerRecord& record) { last[name] = record; }); }), HasSubstr("d in round 1"));
  EXPECT_EQ(last["a"].run.reports.size(), 5U);
  EXPECT_EQ(fed_avg_of_history(peers, last["a"].run.reports), last["a"].run.global);
}

TEST_P(AgreedPeers, RefuseSettingsInWhichTwoMajoritiesCouldBeApart) {
  SmallPeers peers(GetParam(), 4);
  peers.settings.quorum = 2;
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { peers.run(); }), HasSubstr("more than half"));
}

}  // namespace
}  // namespace consilium::fl
