#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fl/secure/secure_table.h"

// A sum never holds a group of fewer owners than the plan demands, whoever drops out.
namespace consilium::fl {
namespace {

using test::SecureTable;
using testing::HasSubstr;

/// Five sites, of which three own MR (the first, third and fourth) and three CT (the first, third and fifth).
struct CountedTable : SecureTable {
  CountedTable() : SecureTable(5) { plan.protection.groups = GroupOwners{.least_owners = 3, .sites = 5, .owners = {{"stem.ct", 3}, {"stem.mr", 3}}}; }
};

TEST(GroupOwnersRound, WithEverybodyThereTheSumHoldsEveryGroupAndCountsItsOwners) {
  CountedTable table;
  const auto sum = table.run();
  ASSERT_TRUE(sum);
  EXPECT_TRUE(table.is_sum_of(*sum, table.names()));
  EXPECT_EQ(sum->mean.cases_per_group.size(), 3U);
  EXPECT_EQ(sum->metrics.at("owners.stem.mr"), 3);
  EXPECT_EQ(sum->metrics.at("owners.stem.ct"), 3);
}

TEST(GroupOwnersRound, WithoutOneOfThemItHoldsNoGroupWhoseOwnerThatMayHaveBeen) {
  for (const std::size_t missing : {1U, 3U}) {  // the first of them owns nothing but the trunk
    CountedTable table;
    const auto sum = table.run({{table.names()[missing], 0}});
    ASSERT_TRUE(sum);
    ASSERT_EQ(sum->contributors.size(), 4U);
    EXPECT_EQ(sum->mean.cases_per_group.size(), 1U);
    EXPECT_TRUE(sum->mean.cases_per_group.contains("trunk"));
    EXPECT_EQ(sum->metrics.at("owners.stem.mr"), missing == 3 ? 2 : 3) << "the count goes on";
    EXPECT_FALSE(sum->metrics.contains("cases.stem.mr"));
  }
}

TEST(GroupOwnersRound, WhoDropsOutAfterTheMasksLeavesASumThatNobodyOpens) {
  CountedTable table;
  const std::string gone = table.names()[3];
  EXPECT_FALSE(table.run({{gone, 2}}));
  for (const std::string& name : table.names()) {
    if (name == gone) continue;
    EXPECT_THAT(table.declined.at(name), HasSubstr("may hold too few owners of stem.ct to hide them")) << "whether or not it owns CT";
  }
  ASSERT_TRUE(table.round->is_gathering());
  table.now += 1000;
  table.round->advance(table.now);
  const auto sum = table.go_on({{gone, 0}});
  ASSERT_TRUE(sum) << "among those who are left, without the stems";
  EXPECT_EQ(sum->mean.cases_per_group.size(), 1U);
}

TEST(GroupOwnersRound, AGroupThatHasMoreOwnersThanItNeedsBearsADropout) {
  CountedTable table;
  table.plan.protection.groups->least_owners = 2;
  const auto sum = table.run({{table.names()[3], 2}});
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->mean.cases_per_group.size(), 3U);
}

TEST(GroupOwnersRound, APlanThatTellsOfFewerSitesThanThereAreIsRefused) {
  CountedTable table;
  table.plan.protection.groups->sites = 4;  // so that one more may be missing than it seems
  EXPECT_FALSE(table.run());
  EXPECT_THAT(table.declined.at(table.names()[0]), HasSubstr("more sites than the plan says"));
}

TEST(GroupOwnersRound, WithholdingTakesAsManyBytesAsSending) {
  std::vector<std::uintmax_t> sizes;
  for (const std::int64_t least : {2, 3}) {
    CountedTable table;
    table.plan.protection.groups->least_owners = least;
    table.plan.protection.groups->owners["stem.mr"] = 2;
    table.open_round();
    for (int n = 0; n < 3; ++n) table.step();
    for (const std::string& name : table.names()) sizes.push_back(fs::file_size(table.folder.path() / name / "masked_update"));
  }
  for (const std::uintmax_t size : sizes) EXPECT_EQ(size, sizes[0]);
}

}  // namespace
}  // namespace consilium::fl
