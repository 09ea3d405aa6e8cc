#include "fl/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace consilium::fl {
namespace {

using testing::ElementsAre;

const std::vector<std::string> kSites{"a", "b", "c", "d"};

SiteOutcome part(const std::string& site, std::int64_t cases, double loss, double seconds) { return {site, Participation::kAccepted, "", cases, {}, {{"loss", loss}, {"seconds", seconds}}}; }

/// a: many cases and slow; b: few and quick; c: high loss; d has never answered.
std::vector<RoundReport> history() {
  RoundReport report;
  report.sites = {part("a", 500, 0.2, 900), part("b", 4, 0.3, 10), part("c", 40, 0.9, 60), {"d", Participation::kLate, "", 0, {}, {}}};
  return {report};
}

TEST(Selection, ByCasesTimeOrLossTakesTheUnknownFirst) {
  const auto chosen = [](SelectionRule rule) { return select_sites({.rule = rule, .sites = 2}, kSites, 1, history()); };
  EXPECT_THAT(chosen(SelectionRule::kLargest), ElementsAre("a", "d"));
  EXPECT_THAT(chosen(SelectionRule::kFastest), ElementsAre("b", "d"));
  EXPECT_THAT(chosen(SelectionRule::kLoss), ElementsAre("c", "d"));
}

TEST(Selection, NowAndThenAllAreAsked) {
  const Selection fastest{.rule = SelectionRule::kFastest, .sites = 1, .all_every = 3};
  for (const std::int64_t round : {0, 3, 6}) EXPECT_EQ(select_sites(fastest, kSites, round, history()), kSites);
  EXPECT_EQ(select_sites(fastest, kSites, 4, history()).size(), 1U);
  EXPECT_EQ(select_sites({}, kSites, 5, history()), kSites);
  EXPECT_EQ(select_sites({.rule = SelectionRule::kRandom, .sites = 9}, kSites, 5, history()), kSites);
}

TEST(Selection, ARandomOneIsTheSameAgainAndFair) {
  const Selection random{.rule = SelectionRule::kRandom, .sites = 2, .seed = 7};
  std::map<std::string, int> count;
  for (std::int64_t round = 0; round < 4000; ++round) {
    const auto chosen = select_sites(random, kSites, round, {});
    ASSERT_EQ(chosen, select_sites(random, kSites, round, {}));
    ASSERT_EQ(chosen.size(), 2U);
    for (const std::string& site : chosen) ++count[site];
  }
  for (const std::string& site : kSites) EXPECT_NEAR(count[site], 2000, 5 * 31.6) << site;  // five deviations of a binomial
}

TEST(Selection, AKeyThatTheRuleDoesNotUseIsRefused) {
  const auto read = [](const Json& json) {
    Selection selection;
    SettingsReader reader(json, "selection");
    read_selection(reader, selection);
    reader.finish();
    return selection;
  };
  for (const Json& good : {Json{{"rule", "all"}}, Json{{"rule", "random"}, {"sites", 2}, {"seed", 3}}, Json{{"rule", "loss"}, {"sites", 2}, {"all_every", 4}}}) EXPECT_EQ(to_json(read(good)), good);
  for (const Json& bad : {Json{{"rule", "all"}, {"sites", 2}}, Json{{"rule", "random"}}, Json{{"rule", "random"}, {"sites", 0}}, Json{{"rule", "random"}, {"sites", 1}, {"all_every", 2}}, Json{{"rule", "largest"}, {"sites", 1}, {"all_every", 0}}})
    EXPECT_THROW(read(bad), Error) << bad;
}

}  // namespace
}  // namespace consilium::fl
