#include "tests/fl/peer_kills.h"

namespace consilium::fl::test {

INSTANTIATE_TEST_SUITE_P(Peers, PeerKills, testing::Values(Topology::kRing, Topology::kCyclic), [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace consilium::fl::test
