#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::HasSubstr;

/// Simulations of one small federation in every topology.
class Topologies : public test::TinyFederation {
 protected:
  Topologies() {
    for (const char* name : {"east", "north", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 3, 1, name[0]);
  }
  Json settings(const std::string& topology) const {
    return {{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "north"}}, {{"name", "west"}}}}, {"models", {"federated"}}, {"topology", topology}, {"training", training(2, 6)}};
  }
  std::string federated(const std::string& topology) const {
    write_json(topology + ".json", settings(topology));
    ok({"simulate", path(topology + ".json"), "-o", path(topology), "--threads", "1"});
    return read_file(path(topology + "/models/federated.safetensors"));
  }
};

TEST_F(Topologies, RingAndSwarmEndInTheCoordinatorsBytes) {
  const std::string expected = federated("coordinator");
  EXPECT_EQ(federated("ring"), expected);
  EXPECT_EQ(federated("swarm"), expected);
  // Started again on its folder, a run that is through trains nothing and says the same.
  fs::remove(path("swarm/models/federated.safetensors"));
  EXPECT_EQ(federated("swarm"), expected);
}

TEST_F(Topologies, GossipJudgesEverySiteByItsOwnModelAndCyclicByTheLast) {
  federated("gossip");
  EXPECT_NE(read_file(path("gossip/federation/sites/east/model.safetensors")), read_file(path("gossip/federation/sites/west/model.safetensors")));
  const Json gossip = read_json(path("gossip/results.json"));
  EXPECT_EQ(gossip["cases"].size(), 3U);
  EXPECT_EQ(gossip["models"][0]["curve"].size(), 2U) << "after each of two rounds";
  federated("cyclic");
  const Json cyclic = read_json(path("cyclic/results.json"));
  EXPECT_EQ(cyclic["models"][0]["best_round"], 2);
}

TEST_F(Topologies, ProcessesOfPeersAreRefusedWithTheReason) {
  write_json("ring.json", settings("ring"));
  const auto refused = run({"simulate", path("ring.json"), "-o", path("ring"), "--processes"});
  EXPECT_EQ(refused.code, static_cast<int>(ErrorCode::kUnsupported));
  EXPECT_THAT(refused.err, HasSubstr("one process only"));
}

}  // namespace
}  // namespace consilium
