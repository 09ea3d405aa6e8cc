#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fl/secure/group_draw.h"
#include "tests/fl/secure/secure_table.h"
#include "tests/support/refusal.h"

// Sums of groups of sites, which a robust rule may compare.
namespace consilium::fl {
namespace {

using test::SecureTable;
using testing::HasSubstr;
using testing::SizeIs;

constexpr std::int64_t kSize = 3;

SecureAggregationSettings in_groups(std::int64_t threshold = 0) { return {.threshold = threshold, .group_size = kSize}; }

std::vector<Advertisement> advertisements_of(const std::vector<std::string>& names) {
  std::vector<Advertisement> list;
  for (const std::string& name : names) list.emplace_back().name = name;
  return list;
}

std::set<std::vector<std::string>> groups_of(const ProtectedSum& sum) {
  std::set<std::vector<std::string>> groups;
  for (const GroupMean& group : sum.groups) groups.insert(group.sites);
  return groups;
}

/// The groups that a round of these sites makes.
std::vector<std::vector<std::string>> drawn(const SecureTable& table) {
  return draw_groups(advertisements_of(table.names()), {"federation", table.plan.round, "", plan_digest_of(table.plan)}, *table.plan.protection.secure_aggregation).groups;
}

TEST(GroupDraw, DealsEverySiteIntoOneGroupOfTheSizeOrALittleMore) {
  for (std::size_t sites = 9; sites <= 40; ++sites) {
    const auto names = SecureTable::names_of(sites);
    const GroupDraw draw = draw_groups(advertisements_of(names), {"", 4, "", "plan"}, in_groups());
    EXPECT_THAT(draw.groups, SizeIs(sites / 3));
    EXPECT_TRUE(draw.left_out.empty());
    std::vector<std::string> all;
    std::size_t least = sites, most = 0;
    for (const auto& group : draw.groups) {
      least = std::min(least, group.size());
      most = std::max(most, group.size());
      EXPECT_TRUE(std::is_sorted(group.begin(), group.end()));
      all.insert(all.end(), group.begin(), group.end());
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, names);
    EXPECT_GE(least, 3U);
    EXPECT_LE(most, least + 1);
  }
}

TEST(GroupDraw, HangsOnPlanRoundAndNamesAndOnNothingElse) {
  const auto list = advertisements_of(SecureTable::names_of(12));
  const auto of = [&](const AttemptContext& context) { return draw_groups(list, context, in_groups()).groups; };
  const auto first = of({"one run", 0, "an attempt", "plan"});
  EXPECT_EQ(first, of({"another run", 0, "another attempt", "plan"})) << "a run can be repeated, and an attempt that failed makes no other sums";
  EXPECT_NE(first, of({"one run", 1, "an attempt", "plan"}));
  EXPECT_NE(first, of({"one run", 0, "an attempt", "another plan"}));
  auto other_keys = list;
  for (Advertisement& a : other_keys) a.mask_key = std::string(32, 'k');
  EXPECT_EQ(first, draw_groups(other_keys, {"", 0, "", "plan"}, in_groups()).groups) << "no site chooses its company by its keys";
}

TEST(GroupDraw, PutsTwoSitesTogetherAsOftenAsChanceDoes) {
  const auto names = SecureTable::names_of(12);
  const auto list = advertisements_of(names);
  constexpr int kRounds = 2000;
  int together = 0;
  for (int round = 0; round < kRounds; ++round)
    for (const auto& group : draw_groups(list, {"", round, "", "plan"}, in_groups()).groups) together += static_cast<int>(std::binary_search(group.begin(), group.end(), names[0]) && std::binary_search(group.begin(), group.end(), names[7]));
  // 2 of the 11 others are in the same group: 363.6 of 2000, deviation 17.2; five of them are missed once in two million.
  EXPECT_NEAR(together, kRounds * 2.0 / 11, 5 * 17.2);
}

TEST(GroupDraw, AnOpenedGroupComesBackAsItWasIfMoreThanHalfOfItSaySo) {
  const auto names = SecureTable::names_of(12);
  auto list = advertisements_of(names);
  const std::vector<std::string> set{names[0], names[4], names[8]};
  const AttemptContext context{"", 0, "", "plan"};
  list[0].opened = set;
  GroupDraw draw = draw_groups(list, context, in_groups());
  EXPECT_TRUE(draw.left_out.contains(names[0])) << "it helps to open no other sum";
  EXPECT_THAT(draw.groups, testing::Not(testing::Contains(set))) << "one site alone does not choose who is with it";
  list[8].opened = set;
  draw = draw_groups(list, context, in_groups());
  EXPECT_EQ(draw.groups.front(), set);
  EXPECT_THAT(draw.groups, SizeIs(4));
  EXPECT_TRUE(draw.left_out.empty());
  list.erase(list.begin() + 4);  // one of them is missing
  draw = draw_groups(list, context, in_groups());
  EXPECT_THAT(draw.left_out, SizeIs(2));
  EXPECT_THAT(draw.groups, SizeIs(3));
}

TEST(GroupedRound, EveryGroupsMeanIsThePlainOneOfItsSitesBitForBit) {
  for (const std::size_t sites : {9U, 11U, 14U}) {
    SecureTable table(sites, in_groups());
    const auto sum = table.run();
    ASSERT_TRUE(sum);
    EXPECT_THAT(sum->groups, SizeIs(sites / 3));
    EXPECT_EQ(sum->contributors, table.names());
    EXPECT_TRUE(table.are_sums_of_their_groups(*sum)) << sites;
    EXPECT_EQ(sum->groups[1].mean.site, "group 2");
  }
}

TEST(GroupedRound, TellsOfAllTogetherWhatOneSumOfAllTells) {
  SecureTable grouped(9, in_groups()), whole(9);
  const auto in_parts = grouped.run(), at_once = whole.run();
  ASSERT_TRUE(in_parts && at_once);
  EXPECT_EQ(in_parts->validation, at_once->validation);
  EXPECT_EQ(in_parts->metrics, at_once->metrics);
  EXPECT_TRUE(in_parts->mean.delta.tensors.empty() && in_parts->mean.delta_file == nullptr) << "the sum of all is not asked for";
}

/// Whoever vanishes before whichever step: groups of which the threshold is left are in the outcome, with the sites whose masked updates came; the others are given up.
TEST(GroupedRound, ADropoutCostsAtMostItsGroup) {
  Rng rng(5);
  int given_up = 0, ended = 0;
  for (int trial = 0; trial < 30; ++trial) {
    SecureTable table(15, in_groups());
    const auto groups = drawn(table);
    std::map<std::string, std::uint32_t> gone;
    const auto step = static_cast<std::uint32_t>(1 + rng.below(4));
    for (const std::string& name : table.names())
      if (rng.uniform() < (trial % 3 == 0 ? 0.4 : 0.2)) gone[name] = step;
    std::set<std::vector<std::string>> expected;
    for (const auto& group : groups) {
      std::vector<std::string> left;
      std::copy_if(group.begin(), group.end(), std::back_inserter(left), [&](const std::string& name) { return !gone.contains(name); });
      if (left.size() >= 2) expected.insert(step <= 2 ? left : group);  // from step 3 on the masked updates of all had come
      else ++given_up;
    }
    const auto sum = table.run(gone);
    ASSERT_EQ(sum.has_value(), expected.size() >= 3) << trial;
    if (!sum) {
      ++ended;
      EXPECT_TRUE(table.round->is_gathering());
      continue;
    }
    EXPECT_EQ(groups_of(*sum), expected) << trial;
    EXPECT_TRUE(table.are_sums_of_their_groups(*sum)) << trial;
    for (const std::string& name : table.names()) EXPECT_TRUE(std::binary_search(sum->contributors.begin(), sum->contributors.end(), name) || table.round->failures().contains(name)) << name;
  }
  EXPECT_GT(given_up, 5);
  EXPECT_GT(ended, 0);
}

TEST(GroupedRound, GathersAgainUntilThereAreEnoughGroups) {
  SecureTable table(9, in_groups());
  table.open_round();
  for (const std::string& name : table.names())
    if (name != table.names()[4]) table.deliver(name, *table.answer_of(name));
  EXPECT_THAT(table.round->hindrance(), HasSubstr("make 2 groups, and 3 are needed"));
  const std::string last = table.names()[4];
  table.deliver(last, *table.answer_of(last));
  EXPECT_EQ(table.round->hindrance(), "");
}

TEST(GroupedRound, ASumThatHonestSitesCannotHaveSentGivesUpItsGroupOnly) {
  SecureTable table(12, in_groups());
  const auto groups = drawn(table);
  const std::string liar = groups[1][0];
  table.open_round();
  table.step();
  table.step();
  table.answer_with_noise_of(liar);
  table.round->advance(table.now);
  table.step();
  table.step();
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_EQ(groups_of(*sum), (std::set<std::vector<std::string>>{groups[0], groups[2], groups[3]}));
  EXPECT_TRUE(table.are_sums_of_their_groups(*sum));
  for (const std::string& name : groups[1]) EXPECT_THAT(table.round->failures().at(name), HasSubstr("its group 2 was given up: the "));
}

/// Two of a group send wrong shares: its sum cannot be opened, and nobody else is harmed.
TEST(GroupedRound, WrongSharesGiveUpTheirGroupOnly) {
  SecureTable table(12, in_groups());
  const auto groups = drawn(table);
  table.open_round();
  for (int n = 0; n < 4; ++n) table.step();
  for (const std::string& name : table.names()) {
    StageAnswer answer = *table.answer_of(name);
    if (name == groups[2][0] || name == groups[2][1]) {
      std::vector<NumberedShare> shares = parse_shares(answer.body, groups[2].size());
      for (NumberedShare& share : shares) share.share.data()[0] ^= 1;
      answer.body = encode(shares);
    }
    table.deliver(name, answer);
  }
  table.round->advance(table.now);
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_EQ(groups_of(*sum), (std::set<std::vector<std::string>>{groups[0], groups[1], groups[3]}));
  EXPECT_THAT(table.round->failures().at(groups[2][2]), HasSubstr("do not give its secret"));
}

/// A coordinator that lost what was opened gets the same sums again, and no others of those sites.
TEST(GroupedRound, SumsThatWereOpenedAndLostAreMadeAgainAmongTheSameSites) {
  SecureTable table(12, in_groups());
  const auto groups = drawn(table);
  const auto before = table.run();
  ASSERT_TRUE(before);
  table.updates.at(groups[0][0]).metrics["loss"] = 77;
  const auto after = table.run();
  ASSERT_TRUE(after);
  EXPECT_EQ(groups_of(*before), groups_of(*after));
  // Without one of them its group is left out, and the others are as they were.
  const auto without = table.run({{groups[0][0], 0}});
  ASSERT_TRUE(without);
  EXPECT_EQ(groups_of(*without), (std::set<std::vector<std::string>>{groups[1], groups[2], groups[3]}));
  EXPECT_THAT(table.round->failures().at(groups[0][1]), HasSubstr("made again among the same sites or not at all"));
}

/// What a coordinator may not do with groups. Each ends the attempt at the site that sees it.
class LyingAboutGroups : public testing::Test {
 protected:
  LyingAboutGroups() : table(9, in_groups()) {
    table.open_round();
    table.step();
    victim = table.names()[2];
    stage = *table.round->stage_for(victim);
    list = parse_advertisements(stage.body);
  }
  std::string refusal() {
    stage.body = encode(list);
    const auto answer = table.site(victim).answer(stage, table.plan, table.global, table.updates.at(victim));
    return answer ? answer->declined : "";
  }
  SecureTable table;
  std::string victim;
  RoundStage stage;
  std::vector<Advertisement> list;
};

TEST_F(LyingAboutGroups, AnHonestListIsTaken) { EXPECT_EQ(refusal(), ""); }

TEST_F(LyingAboutGroups, MadeUpSitesDoNotMoveTheOthers) {
  Advertisement made_up = list[0];
  made_up.name = "s0000";
  list.insert(list.begin(), made_up);
  EXPECT_THAT(refusal(), HasSubstr("s0000"));
}

TEST_F(LyingAboutGroups, ASiteThatIsThereTwiceIsRefused) {
  list.insert(list.begin(), list[0]);
  EXPECT_THAT(refusal(), HasSubstr("one is there twice"));
}

TEST_F(LyingAboutGroups, TooFewSitesForAGroupAreNoSum) {
  std::erase_if(list, [&](const Advertisement& a) { return a.name != victim && a.name != table.names()[0]; });
  EXPECT_THAT(refusal(), HasSubstr("a sum of 0 sites"));
}

/// What it masks is its own group's sum, whatever it is shown of another one: shares that are not for it do not open.
TEST_F(LyingAboutGroups, TheStageOfAnotherGroupChangesNoSum) {
  table.step();
  const auto groups = drawn(table);
  const bool in_first = std::binary_search(groups[0].begin(), groups[0].end(), victim);
  const RoundStage other = *table.round->stage_for(groups[in_first ? 1 : 0][0]);
  const auto answer = table.site(victim).answer(other, table.plan, table.global, table.updates.at(victim));
  ASSERT_EQ(answer->declined, "");
  table.deliver(victim, *answer);
  for (int n = 0; n < 3; ++n) table.step({victim});
  const auto sum = table.round->take_sum();
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->contributors, table.names());
  EXPECT_TRUE(table.are_sums_of_their_groups(*sum));
}

}  // namespace
}  // namespace consilium::fl
