#include "fl/peers/cyclic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/peers/small_peers.h"

namespace consilium::fl {
namespace {

using test::rough_network;
using test::small_model;
using test::SmallPeers;
using testing::Contains;
using testing::HasSubstr;

/// What the visits that a history names make of the initial model, one after the other.
ModelState visited(SmallPeers& peers, const std::vector<RoundReport>& reports) {
  ModelState model = small_model();
  for (const RoundReport& report : reports)
    for (const SiteOutcome& site : report.sites) {
      if (site.participation != Participation::kAccepted || report.round >= peers.settings.rounds) continue;
      Update update = peers.of.at(site.site)->train({report.round, peers.settings.rounds, "", ""}, model);
      model = fed_avg(model, std::vector{update});
    }
  return model;
}

TEST(Cyclic, TheModelVisitsEverySiteInTheOrderOfNames) {
  SmallPeers peers(Topology::kCyclic, 4, 3);
  const PeerRun run = peers.run();
  for (const auto& trainer : peers.trainers) EXPECT_EQ(trainer->trained, 3);
  const RunState& state = run.records.at("a").run;
  ASSERT_EQ(state.reports.size(), 4U) << "three passes, and one to look";
  for (const RoundReport& report : state.reports) {
    ASSERT_EQ(report.sites.size(), 4U);
    for (std::size_t n = 0; n < 4; ++n) {
      EXPECT_EQ(report.sites[n].site, peers.settings.peers[n]);
      EXPECT_EQ(report.sites[n].participation, Participation::kAccepted);
    }
  }
  EXPECT_EQ(visited(peers, state.reports), state.global);
  for (const auto& [name, record] : run.records) {
    EXPECT_EQ(record.run.global, state.global) << name;
    EXPECT_EQ(record.run.reports, state.reports) << name;
    EXPECT_EQ(record.run.best_round, 3);
  }
}

TEST(Cyclic, ASiteThatIsGoneIsSkippedAndReported) {
  SmallPeers peers(Topology::kCyclic, 4, 2);
  const PeerRun run = peers.run({.outages = {{.peer = "c", .from_seconds = 0.5, .killed = true}}});
  const auto& reports = run.records.at("a").run.reports;
  EXPECT_THAT(run.events, Contains(HasSubstr("!c does not answer and is skipped")));
  for (const RoundReport& report : reports) EXPECT_EQ(report.sites[2].participation, Participation::kLate);
  EXPECT_EQ(visited(peers, reports), run.records.at("d").run.global);
}

TEST(Cyclic, ASiteKilledWhileItTrainsIsPassedByOrGoesOnWithWhatItHeld) {
  for (const double back : {1.0, 200.0}) {
    SmallPeers peers(Topology::kCyclic, 3, 2);
    // b gets the model after about a second and trains for ten.
    const PeerRun run = peers.run({.training_seconds = {{"b", 10}}, .outages = {{.peer = "b", .from_seconds = 6, .to_seconds = 6 + back, .killed = true}}});
    const auto& reports = run.records.at("a").run.reports;
    EXPECT_EQ(reports[0].sites[1].participation, back < 8 ? Participation::kAccepted : Participation::kLate);
    EXPECT_EQ(visited(peers, reports), run.records.at("b").run.global);
  }
}

TEST(Cyclic, EndsWithOneModelWhateverIsLostRepeatedReorderedOrKilled) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    SmallPeers peers(Topology::kCyclic, 3 + seed % 3, 3);
    const VirtualNetwork network = rough_network(peers, seed, 1);
    const PeerRun run = peers.run(network);
    const RunState& first = run.records.begin()->second.run;
    for (const auto& [name, record] : run.records) {
      EXPECT_EQ(digest(record.run.global), record.run.reports.back().result_digest) << name;
      EXPECT_EQ(visited(peers, record.run.reports), record.run.global) << name;
      for (const RoundReport& report : record.run.reports) EXPECT_EQ(report.sites.size(), peers.settings.peers.size()) << name << ": a turn is done or reported";
      EXPECT_EQ(digest(record.run.global), digest(first.global)) << name;
    }
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace consilium::fl
