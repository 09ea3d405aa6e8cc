#include "fl/transport/peer_site.h"

#include "base/error.h"
#include "fl/enrol/enrolment.h"
#include "tests/fl/peer_federation.h"
#include "tests/support/refusal.h"

// Federations without coordinator over sockets and mutual TLS, between threads of one process.
namespace consilium::fl {
namespace {

using consilium::test::refusal;
using consilium::test::wait_until;
using test::noise_model;
using test::NoiseTrainer;
using test::PeerFederation;
using testing::HasSubstr;

class EveryTopology : public PeerFederation, public testing::WithParamInterface<Topology> {};

TEST_P(EveryTopology, OverSocketsEndsInTheSameBytesAsInOneProcess) {
  const PeerSettings settings = this->settings(GetParam());
  const auto expected = in_process(settings);
  for (const auto& [name, record] : run(settings)) {
    EXPECT_TRUE(record.run == expected.at(name).run) << name << "\n" << all_told();
    EXPECT_TRUE(record.best == expected.at(name).best) << name;
  }
}

TEST_P(EveryTopology, SitesThatNobodyCanDialAreReachedByTheRelay) {
  std::atomic<bool> stop = false;
  auto relay = start_relay(stop);
  const PeerSettings settings = this->settings(GetParam());
  const auto expected = in_process(settings);
  for (const auto& [name, record] : run(settings, {"north", "western"})) EXPECT_TRUE(record.run == expected.at(name).run) << name << "\n" << all_told();
  stop = true;
  relay.get();
}

INSTANTIATE_TEST_SUITE_P(Peers, EveryTopology, testing::Values(Topology::kRing, Topology::kGossip, Topology::kSwarm, Topology::kCyclic), [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace
}  // namespace consilium::fl
