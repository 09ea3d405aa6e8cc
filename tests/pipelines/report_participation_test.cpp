#include "pipelines/report_participation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/report.h"
#include "tests/support/tiny_run.h"

namespace consilium::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Three sites, four rounds and the last look; "west", with most cases, counts in the first round only, "south" is rejected once.
RunResults with_rounds(RunResults results) {
  for (std::size_t n = 0; n < results.sites.size(); ++n) results.sites[n].train_cases = static_cast<int>(5 + 10 * n);
  for (int round = 0; round <= 4; ++round) {
    RoundParticipation row{0, round, round == 4, 20.0 * round, 19, {}};
    row.sites.push_back({"north", "accepted", "", 9.5, 2000000, 2000000});
    row.sites.push_back(round == 2 ? SiteParticipation{"south", "rejected", "not finite: <b>", 0, 2000000, 2000000} : SiteParticipation{"south", "accepted", "", 18, 2000000, 2000000});
    row.sites.push_back(round > 0 && round < 4 ? SiteParticipation{"west", "late", "nothing came before the round was closed", 0, 0, 0} : SiteParticipation{"west", "accepted", "", 12, 2000000, 2000000});
    results.rounds.push_back(row);
  }
  return results;
}

TEST(ReportParticipation, WhoWasMissingIsSaidLargestFirst) {
  RunResults results;
  results.sites = {{"north", "", 5, 1, 4}, {"south", "", 15, 1, 4}, {"west", "", 25, 1, 4}};
  EXPECT_THAT(missing_sites(results), IsEmpty()) << "a run without a federation";
  results = with_rounds(results);
  EXPECT_THAT(missing_sites(results), ElementsAre("west was missing in 3 of 4 rounds; no site has more cases (25)", "south was missing in 1 of 4 rounds"));
  for (RoundParticipation& round : results.rounds) round.sites[2].outcome = "late";
  EXPECT_EQ(missing_sites(results)[0], "west counted in no round; no site has more cases (25)");
}

TEST(ReportParticipation, SurvivesTheResultsFile) {
  RunResults results = with_rounds({});
  results.title = "t";
  const RunResults back = parse_run_results(parse_json(to_json(results).dump(), "r"), "r");
  EXPECT_EQ(to_json(back), to_json(results));
  Json old = to_json(results);
  old.erase("rounds");
  EXPECT_TRUE(parse_run_results(old, "r").rounds.empty()) << "a file of an older version";
}

TEST(ReportParticipation, TheTimelineHasABarForEverySiteAndRound) {
  const std::vector<Chart> charts = timeline_charts(with_rounds({}));
  ASSERT_EQ(charts.size(), 1U);
  const auto count = [&](const std::string& words) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = charts[0].body.find(words, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  EXPECT_EQ(count("<rect class=\"part took\""), 4U + 3U + 1U);
  EXPECT_EQ(count("<rect class=\"part look\""), 3U);
  EXPECT_EQ(count("<rect class=\"part refused\""), 1U);
  EXPECT_EQ(count("<rect class=\"part gone\""), 3U);
  EXPECT_THAT(charts[0].body, HasSubstr("south, round 3: rejected, not finite: &lt;b&gt;"));
}

TEST(ReportParticipation, FoldsHaveTheirOwnTimelines) {
  RunResults results = with_rounds({});
  for (int n = 0; n < 5; ++n) results.rounds.push_back(results.rounds[static_cast<std::size_t>(n)]), results.rounds.back().fold = 1;
  EXPECT_EQ(timeline_charts(results).size(), 2U);
  EXPECT_THAT(round_table(results), HasSubstr("fold 2, last look"));
}

TEST(ReportParticipation, ThePageSaysItAtTheTopAndInItsSection) {
  const TemporaryFolder folder;
  RunResults results = with_rounds(test::write_tiny_run(folder.path() / "run", {.cases = 1}));
  write_file(folder.path() / "run" / "results.json", to_json(results).dump());
  const ReportOutcome outcome = write_report(folder.path() / "run", folder.path() / "page.html", {.pictures = folder.path() / "pictures"});
  const std::string text = read_file(folder.path() / "page.html");
  const std::size_t alarm = text.find("Not every site took part.");
  ASSERT_NE(alarm, std::string::npos);
  EXPECT_LT(alarm, text.find("<section"));
  EXPECT_THAT(text, HasSubstr("<section id=\"participation\""));
  EXPECT_THAT(text, HasSubstr("not finite: &lt;b&gt;"));
  EXPECT_TRUE(fs::exists(folder.path() / "pictures" / "timeline.svg"));
  EXPECT_EQ(outcome.warnings.size(), 2U);
}

TEST(ReportParticipation, AFullRunHasNoAlarm) {
  const TemporaryFolder folder;
  RunResults results = with_rounds(test::write_tiny_run(folder.path() / "run", {.cases = 1}));
  for (RoundParticipation& round : results.rounds)
    for (SiteParticipation& site : round.sites) site = {site.site, "accepted", "", 5, 0, 0};
  write_file(folder.path() / "run" / "results.json", to_json(results).dump());
  write_report(folder.path() / "run", folder.path() / "page.html");
  const std::string text = read_file(folder.path() / "page.html");
  EXPECT_THAT(text, Not(HasSubstr("Not every site")));
  EXPECT_THAT(text, Not(HasSubstr("sent, MB"))) << "nothing went over a wire";
}

}  // namespace
}  // namespace consilium::pipelines
