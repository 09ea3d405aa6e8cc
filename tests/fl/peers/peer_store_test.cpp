#include "fl/peers/peer_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/fl/peers/small_peers.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::small_model;
using test::SmallPeers;

TEST(PeerStore, GivesBackEveryRecordThatAPeerWrites) {
  for (const Topology topology : {Topology::kRing, Topology::kSwarm, Topology::kGossip, Topology::kCyclic}) {
    SmallPeers peers(topology, 3, 2);
    if (topology == Topology::kSwarm) peers.settings.aggregation = {.rule = AggregationRule::kFedAdam, .server = {.learning_rate = 0.01}};
    const TemporaryFolder folder;
    std::map<std::string, std::unique_ptr<PeerStore>> stores;
    for (const std::string& name : peers.settings.peers) stores[name] = std::make_unique<PeerStore>(folder.path() / name, peers.settings, name);
    std::size_t saved = 0;
    peers.on_record = [&](const std::string& name, const PeerRecord& record) {
      stores[name]->save(record);
      EXPECT_EQ(stores[name]->load(), record);
      ++saved;
    };
    peers.run();
    EXPECT_GE(saved, 3U * 4U);
  }
}

TEST(PeerStore, KeepsOnlyTheModelsThatTheRecordNames) {
  SmallPeers peers(Topology::kRing, 2, 1);
  const TemporaryFolder folder;
  PeerStore store(folder.path(), peers.settings, "a");
  store.save({.run = initial_run(small_model(1)), .best = small_model(2)});
  store.save({.run = initial_run(small_model(3)), .best = small_model(3)});
  const auto files = std::distance(fs::directory_iterator(folder.path() / "models"), fs::directory_iterator());
  EXPECT_EQ(files, 1);
}

TEST(PeerStore, RefusesAnotherFederationAndADamagedModel) {
  SmallPeers peers(Topology::kRing, 2, 1);
  const TemporaryFolder folder;
  PeerStore(folder.path(), peers.settings, "a").save({.run = initial_run(small_model(1)), .best = small_model(1)});
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { PeerStore(folder.path(), peers.settings, "b"); }), testing::HasSubstr("another peer"));
  PeerSettings longer = peers.settings;
  longer.rounds = 9;
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { PeerStore(folder.path(), longer, "a"); }), testing::HasSubstr("another federation"));
  const fs::path model = fs::directory_iterator(folder.path() / "models")->path();
  std::string bytes = read_file(model);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(model, bytes);
  const PeerStore store(folder.path(), peers.settings, "a");
  EXPECT_THAT(refusal(ErrorCode::kCorruptData, [&] { store.load(); }), testing::HasSubstr(model.filename().string()));
}

}  // namespace
}  // namespace consilium::fl
