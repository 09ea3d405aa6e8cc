#include "pipelines/report_contributions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "pipelines/contributions.h"
#include "tests/fl/toy.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

TEST(ReportContributions, AreTheMeansOverTheRoundsOfARun) {
  const TemporaryFolder folder;
  fl::test::ToyTrainer east(0.1F, 3), north(0.3F, 5), west(-0.2F, 1);
  run_in_process(fl::test::toy_settings(3), fl::test::toy_model(1), {{"east", &east}, {"north", &north}, {"west", &west}}, folder.path());
  const std::vector<SiteContribution> found = read_contributions(folder.path(), 2);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[2].site, "west");
  EXPECT_EQ(found[2].fold, 2);
  EXPECT_EQ(found[2].rounds, 3);
  EXPECT_NEAR(found[1].rule_weight, 5.0 / 9, 1e-9);
  EXPECT_NEAR(found[2].cosine_to_mean, -1, 1e-6);  // it pulls the other way
  EXPECT_NEAR(found[0].cosine_to_mean, 1, 1e-6);
  EXPECT_GT(found[0].likeness, 0.999);  // toy updates all point one way
  EXPECT_TRUE(read_contributions(folder.path() / "nowhere", 0).empty());
}

TEST(ReportContributions, TheTableNamesEverySiteAndMarksWhatIsAlike) {
  RunResults results;
  results.contributions = {{.site = "a<b", .rounds = 4, .update_norm = 2, .cosine_to_mean = -0.5, .leave_one_out = 0.25, .likeness = 0.4, .rule_weight = 0.3}, {.site = "copy", .rounds = 4, .likeness = 0.9999}};
  const std::string html = contribution_table(results);
  EXPECT_THAT(html, HasSubstr("a&lt;b"));
  EXPECT_THAT(html, HasSubstr("<td class=\"bad\">"));
  ASSERT_EQ(look_alikes(results).size(), 1U);
  EXPECT_THAT(look_alikes(results)[0], HasSubstr("copy has sent an update that was nearly another site's"));
  EXPECT_EQ(contribution_table({}), "");
}

TEST(ReportContributions, SurviveTheResultsFile) {
  RunResults results;
  results.title = "t";
  results.contributions = {{.fold = 1, .site = "a", .rounds = 4, .update_norm = 2, .cosine_to_mean = 0.5, .leave_one_out = 0.25, .likeness = 0.4, .rule_weight = 0.3}};
  EXPECT_EQ(to_json(parse_run_results(parse_json(to_json(results).dump(), "r"), "r")), to_json(results));
  Json old = to_json(results);
  old.erase("contributions");
  EXPECT_TRUE(parse_run_results(old, "r").contributions.empty());
}

}  // namespace
}  // namespace consilium::pipelines
