#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "fl/secure/share_graph.h"

namespace consilium::fl {
namespace {

const std::string kSeed(32, 'g');

TEST(ShareGraph, IsRegularAndSymmetric) {
  for (const std::size_t n : {5U, 10U, 31U, 100U})
    for (const std::size_t degree : {2U, 4U}) {
      const ShareGraph graph = share_graph(n, degree, kSeed);
      for (std::uint32_t site = 0; site < n; ++site) {
        EXPECT_EQ(graph[site].size(), degree);
        EXPECT_TRUE(std::is_sorted(graph[site].begin(), graph[site].end()));
        for (const std::uint32_t other : graph[site]) {
          EXPECT_NE(other, site);
          EXPECT_TRUE(std::binary_search(graph[other].begin(), graph[other].end(), site));
        }
      }
      EXPECT_TRUE(hides_every_part(graph, std::vector<bool>(n, true), 2));
    }
}

TEST(ShareGraph, OfAsManyAsThereAreIsComplete) {
  for (const std::size_t n : {3U, 4U, 8U, 9U})
    for (const auto& neighbours : share_graph(n, n - 1, kSeed)) EXPECT_EQ(neighbours.size(), n - 1);
}

TEST(ShareGraph, FollowsFromItsSeed) {
  EXPECT_EQ(share_graph(50, 6, kSeed), share_graph(50, 6, kSeed));
  EXPECT_NE(share_graph(50, 6, kSeed), share_graph(50, 6, std::string(32, 'h')));
}

TEST(ShareGraph, SeesPartsThatStandAlone) {
  const ShareGraph ring = share_graph(12, 2, kSeed);
  std::vector<bool> members(12, true);
  EXPECT_TRUE(hides_every_part(ring, members, 2));
  // Two sites that are no neighbours leave: the ring falls apart, or one stands alone.
  std::uint32_t far = 1;
  while (far == 0 || std::binary_search(ring[0].begin(), ring[0].end(), far)) ++far;
  members[0] = members[far] = false;
  EXPECT_FALSE(hides_every_part(ring, members, 1));
}

TEST(ShareGraph, NeighboursGrowSlowlyAndAreAllUpToThirtySites) {
  EXPECT_EQ(neighbours_for(3), 2U);
  EXPECT_EQ(neighbours_for(30), 29U);
  // As docs/secure_aggregation.md shows.
  EXPECT_EQ(neighbours_for(50), 30U);
  EXPECT_EQ(neighbours_for(100), 60U);
  EXPECT_EQ(neighbours_for(1000), 254U);
}

}  // namespace
}  // namespace consilium::fl
