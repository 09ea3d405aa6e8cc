#include "tests/fl/random_kills.h"

namespace consilium::fl {
namespace {

using consilium::test::wait_until;
using test::RandomKills;

TEST_F(RandomKills, TenOverAllProcessesChangeNoBit) { disturb(10, 1); }

/// Sums of the same integers, under other masks after every kill.
TEST_F(RandomKills, SixOverAllProcessesOfASecureFederationChangeNoBit) {
  protection_ = R"({"secure_aggregation": {"threshold": 3}})";
  disturb(6, 2);
}

class GroupedKills : public RandomKills {
 protected:
  GroupedKills() : RandomKills({"basel", "bern", "chur", "genf", "linz", "lugano", "thun", "wien", "zug"}) {}
};

/// Sums of three groups, all of which are needed: whoever is killed, the median is of the same means. A coordinator that dies between two groups' openings gets those groups again as they were.
TEST_F(GroupedKills, EightOverAllProcessesChangeNoBit) {
  protection_ = R"({"secure_aggregation": {"threshold": 3, "group_size": 3}})";
  disturb(8, 3);
}

/// Goal 3 and complaint 10: who was killed is back within five seconds, and the round goes on.
TEST_F(RandomKills, WhoeverIsKilledTheNextRoundClosesWithinFiveSeconds) {
  start(400, 10);
  const auto rounds = [&] {
    std::int64_t newest = 0;
    for (const auto& entry : fs::directory_iterator(run() / "hub" / "models")) newest = std::max<std::int64_t>(newest, std::atoll(entry.path().stem().string().substr(7).c_str()));
    return newest;
  };
  for (std::size_t victim = 0; victim < processes_.size(); ++victim) {
    ASSERT_TRUE(wait_until([&, before = rounds()] { return rounds() > before; }));
    const auto killed = std::chrono::steady_clock::now();
    kill_and_start(victim);
    const std::int64_t before = rounds();
    ASSERT_TRUE(wait_until([&] { return rounds() > before; })) << processes_[victim]->err();
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - killed).count(), 5) << (victim == 0 ? "coordinator" : test::kKilledSites[victim - 1]);
  }
}

}  // namespace
}  // namespace consilium::fl
