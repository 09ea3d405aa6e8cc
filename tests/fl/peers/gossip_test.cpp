#include "fl/peers/gossip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "tests/fl/peers/small_peers.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using test::rough_network;
using test::small_model;
using test::SmallPeers;

const char* const kFile = "oracles/algorithms.json";

TEST(Mixing, OfFourInARingIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "gossip_ring4");
  const double tolerance = oracle["tolerance"]["abs"];
  const std::vector<std::string> names{"a", "b", "c", "d"};
  const MixingMatrix weights = metropolis_weights(names, ring_links(names));
  EXPECT_EQ(weights, oracle["input"]["W"].get<MixingMatrix>());
  auto x = oracle["input"]["x"].get<std::vector<double>>();
  for (const char* step : {"x1", "x2"}) {
    x = mix(weights, x);
    for (std::size_t n = 0; n < 4; ++n) EXPECT_NEAR(x[n], oracle["expected"][step][n].get<double>(), tolerance);
    EXPECT_NEAR(std::accumulate(x.begin(), x.end(), 0.0) / 4, oracle["expected"]["mean"].get<double>(), tolerance);
  }
  EXPECT_NEAR(second_eigenvalue(weights), oracle["expected"]["second_eigenvalue"].get<double>(), tolerance);
}

TEST(Mixing, IsDoublyStochasticOnAnyGraph) {
  const std::vector<std::string> names{"a", "b", "c", "d", "e"};
  for (const Links& links : {ring_links(names), Links{{"a", "b"}, {"a", "c"}, {"a", "d"}, {"a", "e"}}, Links{{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"b", "e"}}}) {
    const MixingMatrix w = metropolis_weights(names, links);
    for (std::size_t i = 0; i < 5; ++i) {
      EXPECT_NEAR(std::accumulate(w[i].begin(), w[i].end(), 0.0), 1, 1e-15);
      EXPECT_GE(w[i][i], 0.5);
      for (std::size_t j = 0; j < 5; ++j) EXPECT_EQ(w[i][j], w[j][i]);
    }
  }
}

TEST(Mixing, AGraphInTwoPartsIsRefused) {
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [] { metropolis_weights({"a", "b", "c", "d"}, {{"a", "b"}, {"c", "d"}}); }), testing::HasSubstr("no way leads"));
}

/// For a ring of n, lazy: second eigenvalue 1/2 + cos(2 pi / n) / 2; distances fall at that rate, not faster and not slower.
TEST(Mixing, ConvergesAtTheRateOfItsSpectralGap) {
  for (const std::size_t n : {4U, 6U, 9U, 16U}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < n; ++i) names.push_back("p" + std::to_string(i));
    const MixingMatrix w = metropolis_weights(names, ring_links(names));
    const double expected = 0.5 + 0.5 * std::cos(2 * 3.14159265358979323846 / static_cast<double>(n));
    EXPECT_NEAR(second_eigenvalue(w), expected, 1e-7);
    std::vector<double> x(n, 0);
    x[0] = 1;
    const auto distance = [&] {
      double sum = 0;
      for (const double value : x) sum += (value - 1.0 / static_cast<double>(n)) * (value - 1.0 / static_cast<double>(n));
      return std::sqrt(sum);
    };
    double before = 0;
    for (int k = 0; k < 60; ++k) {
      before = distance();
      x = mix(w, x);
      EXPECT_LE(distance(), expected * before * (1 + 1e-9) + 1e-16);
    }
    if (before > 1e-12) {
      EXPECT_NEAR(distance() / before, expected, 0.01);
    }
  }
}

/// Each site moves to its own number at once, and by nothing after: what is left is pure mixing.
class FirstRoundOnly : public Trainer {
 public:
  explicit FirstRoundOnly(float value) : value_(value) {}
  Validation validate(const RoundPlan&, const ModelState&) override { return {}; }
  Update train(const RoundPlan& plan, const ModelState& global) override {
    Update update;
    update.delta = global;
    update.cases_per_group = {{"trunk", 1}, {"head", 1}};
    for (NamedTensor& tensor : update.delta.tensors)
      for (float& value : tensor.values) value = plan.round == 0 ? value_ - value : 0;
    return update;
  }

 private:
  float value_;
};

TEST(Gossip, PeersMixAsTheMatrixSays) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "gossip_ring4");
  for (const std::int64_t rounds : {1, 2}) {
    SmallPeers peers(Topology::kGossip, 4, rounds);
    std::vector<FirstRoundOnly> trainers;
    for (const Json& value : oracle["input"]["x"]) trainers.emplace_back(value.get<float>());
    for (std::size_t n = 0; n < 4; ++n) peers.of[peers.settings.peers[n]] = &trainers[n];
    const PeerRun run = peers.run({.drop = 0.2, .duplicate = 0.2, .seed = 3});
    for (std::size_t n = 0; n < 4; ++n) EXPECT_EQ(run.records.at(peers.settings.peers[n]).run.global, small_model(oracle["expected"][rounds == 1 ? "x1" : "x2"][n].get<float>()));
  }
}

TEST(Gossip, WhatTheNetworkDoesToMessagesChangesNothing) {
  SmallPeers calm(Topology::kGossip);
  const PeerRun expected = calm.run();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SmallPeers peers(Topology::kGossip);
    peers.settings.liveness_seconds = 80;  // nobody is silent for long enough to count as gone
    EXPECT_TRUE(peers.run({.delay_high_seconds = 1, .drop = 0.2, .duplicate = 0.2, .seed = seed}).records == expected.records);
  }
}

TEST(Gossip, EndsWhoeverIsKilled) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    SmallPeers peers(Topology::kGossip, 5, 12);
    const PeerRun run = peers.run(rough_network(peers, seed, 2));
    for (const auto& [name, record] : run.records) {
      EXPECT_EQ(record.run.round, 13) << name;
      for (std::size_t n = 1; n < record.run.reports.size(); ++n) EXPECT_GT(record.run.reports[n].round, record.run.reports[n - 1].round) << name;
    }
  }
}

TEST(Gossip, ANeighbourThatIsGoneLeavesTheOthersDoublyStochastic) {
  SmallPeers peers(Topology::kGossip, 4, 30);
  std::vector<FirstRoundOnly> trainers;
  for (const float value : {0.0F, 4.0F, 8.0F, 100.0F}) trainers.emplace_back(value);
  for (std::size_t n = 0; n < 4; ++n) peers.of[peers.settings.peers[n]] = &trainers[n];
  const PeerRun run = peers.run({.outages = {{.peer = "d", .from_seconds = 0, .killed = true}}});  // before it has said anything
  // a - b - c is left of the ring: the mean of the three is kept, and reached.
  for (const char* name : {"a", "b", "c"}) EXPECT_NEAR(run.records.at(name).run.global.tensors[0].values[0], 4, 1e-3) << name;
  const auto& sites = run.records.at("a").run.reports[0].sites;
  ASSERT_EQ(sites.size(), 3U);
  EXPECT_EQ(sites[2].site, "d");
  EXPECT_EQ(sites[2].participation, Participation::kLate);
}

TEST(Gossip, WhoIsLeftBehindTakesANeighboursModel) {
  SmallPeers peers(Topology::kGossip, 4, 40);
  const PeerRun run = peers.run({.outages = {{.peer = "b", .from_seconds = 2.5, .to_seconds = 30, .killed = true}}});
  EXPECT_THAT(run.events, testing::Contains(testing::HasSubstr("b: !the neighbours are in round")));
  EXPECT_EQ(run.records.at("b").run.round, 41);
}

}  // namespace
}  // namespace consilium::fl
