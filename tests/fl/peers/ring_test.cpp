#include "fl/peers/ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "fl/peers/segments.h"
#include "tests/fl/peers/small_peers.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using test::small_model;
using test::SmallPeers;
using test::SmallTrainer;

/// One tensor of so many values, trained by adding one.
class Plain : public Trainer {
 public:
  Validation validate(const RoundPlan&, const ModelState&) override { return {}; }
  Update train(const RoundPlan&, const ModelState& global) override {
    Update update;
    update.delta = global;
    update.cases_per_group = {{"trunk", 1}};
    for (float& value : update.delta.tensors[0].values) value = 1;
    return update;
  }
};

TEST(Ring, EverySiteSendsWhatTheOracleSays) {
  const char* const kFile = "oracles/algorithms.json";
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "ring_allreduce_bytes");
  const auto bytes = oracle["input"]["bytes"].get<std::size_t>();
  const ModelState model{{{"w", "trunk", {static_cast<std::int64_t>(bytes / 4)}, std::vector<float>(bytes / 4, 0)}}};
  PeerSettings settings{.topology = Topology::kRing, .rounds = 1};
  Plain trainer;
  std::map<std::string, Trainer*> trainers;
  for (int n = 0; n < oracle["input"]["n"].get<int>(); ++n) trainers[settings.peers.emplace_back("site_" + std::to_string(n))] = &trainer;
  const PeerRun run = run_peers_in_process(settings, model, trainers);
  for (const auto& [peer, sent] : run.weight_bytes) EXPECT_EQ(static_cast<double>(sent), oracle["expected"].get<double>()) << peer;
  EXPECT_EQ(run.records.at("site_3").run.global.tensors[0].values[77], 1);
}

/// The owner of a segment cannot use a site's part of it: the ring is formed again without that site.
TEST(Ring, ASiteThatSendsNonsenseIsLeftOut) {
  SmallPeers peers(Topology::kRing, 4, 1);
  std::map<std::string, std::unique_ptr<Peer>> all;
  for (const std::string& name : peers.settings.peers) all[name] = make_peer(peers.settings, name, small_model(), 0);
  double now = 0;
  std::vector<PeerMessage> under_way;
  const auto settle = [&](Peer& peer) {
    for (PeerMessage& message : peer.take_outgoing()) {
      if (message.from == "b" && message.kind == PeerMessageKind::kPiece && message.update) {
        ModelState garbled = *message.delta;
        garbled.tensors[0].values[0] = std::numeric_limits<float>::infinity();
        message.delta = std::make_shared<const ModelState>(garbled);
      }
      under_way.push_back(std::move(message));
    }
    if (const auto work = peer.work(now)) {
      Update update = work->plan.is_last_look() ? Update{} : peers.of.at(peer.name())->train(work->plan, *work->base);
      update.round = work->plan.round;
      update.base_digest = work->plan.base_digest;
      peer.trained(std::move(update), now);
    }
  };
  for (int step = 0; step < 400; ++step, now += 0.5) {
    for (auto& [name, peer] : all) {
      peer->tick(now);
      settle(*peer);
    }
    for (int hop = 0; hop < 20; ++hop)
      for (PeerMessage& message : std::exchange(under_way, {})) {
        all.at(message.to)->receive(message, now);
        settle(*all.at(message.to));
      }
  }
  for (auto& [name, peer] : all) {
    ASSERT_TRUE(peer->is_finished()) << name;
    const RoundReport& report = peer->record().run.reports[0];
    EXPECT_EQ(report.sites[1].participation, Participation::kRejected);
    EXPECT_THAT(report.sites[1].reason, testing::HasSubstr("not finite"));
    EXPECT_EQ(test::fed_avg_of_history(peers, {report}), peer->record().run.global) << name;
  }
}

TEST(Segments, TileTheModel) {
  const ModelState model = small_model();
  ModelState numbered = model;
  float next = 0;
  for (NamedTensor& tensor : numbered.tensors)
    for (float& value : tensor.values) value = next++;
  for (const std::size_t parts : {1U, 2U, 3U, 5U, 7U, 21U, 30U}) {
    ModelState rebuilt = model;
    std::size_t values = 0;
    for (std::size_t n = 0; n < parts; ++n) {
      const ModelState segment = segment_of(numbered, model, n, parts);
      std::size_t size = 0;
      for (const NamedTensor& tensor : segment.tensors) size += tensor.values.size();
      EXPECT_LE(size, 21 / parts + 1);
      values += size;
      put_segment(segment, n, parts, rebuilt);
    }
    EXPECT_EQ(values, 21U);
    EXPECT_EQ(rebuilt, numbered);
  }
}

TEST(Segments, LeaveOutWhatASiteDoesNotTrainAndRefuseWhatDoesNotFit) {
  const ModelState model = small_model();
  ModelState partial = model;
  partial.tensors.erase(partial.tensors.begin() + 1);
  const ModelState segment = segment_of(partial, model, 0, 2);
  ASSERT_EQ(segment.tensors.size(), 1U);
  EXPECT_EQ(segment.tensors[0].name, "a.weight");
  ModelState target = model;
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kMismatch, [&] { put_segment(segment, 0, 2, target); }), testing::HasSubstr("b.weight"));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kMismatch, [&] { put_segment(segment_of(model, model, 1, 2), 0, 2, target); }), testing::HasSubstr("a.weight"));
}

}  // namespace
}  // namespace consilium::fl
