#include "pipelines/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "pipelines/report_charts.h"
#include "pipelines/report_html.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_run.h"

namespace consilium::pipelines {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Words about the first tag that is not closed in order; empty when all are. Knows the void elements that the page uses.
std::string first_unbalanced_tag(std::string_view html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    const bool closing = html.substr(at + 1, 1) == "/";
    const std::size_t first = at + (closing ? 2 : 1);
    std::size_t end = first;
    for (bool quoted = false; end < html.size() && (quoted || html[end] != '>'); ++end)
      if (html[end] == '"') quoted = !quoted;
    const std::string_view inside = html.substr(first, end - first);
    const std::string name(inside.substr(0, inside.find_first_of(" /\n")));
    at = end;
    if (inside.starts_with('!') || inside.ends_with('/')) continue;
    if (name == "meta" || name == "link" || name == "input" || name == "br") continue;
    if (!closing) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> closes <" + (open.empty() ? "" : open.back()) + ">";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> stays open";
}

constexpr const char* kNotANumber = "[^a-zA-Z0-9+/]nan[^a-zA-Z0-9+/]";  // base64 may hold the letters

class Report : public testing::Test {
 protected:
  const fs::path run() const { return folder_.path() / "run"; }
  const fs::path page() const { return folder_.path() / "out" / "page.html"; }

  std::string html(const ReportOptions& options = {}) {
    outcome_ = write_report(run(), page(), options);
    return read_file(page());
  }

  TemporaryFolder folder_;
  ReportOutcome outcome_;
};

TEST_F(Report, AnswersFirstAndHoldsEverySection) {
  test::write_tiny_run(run());
  const std::string text = html();
  EXPECT_EQ(outcome_.headline, "Federation helped");
  EXPECT_LT(text.find("Federation helped"), text.find("<section"));
  for (const char* id : {"gains", "matrix", "statistics", "cases", "pictures", "training", "fairness", "run"})
    EXPECT_THAT(text, HasSubstr(std::string("<section id=\"") + id + "\"")) << id;
  EXPECT_THAT(text, HasSubstr("Research use only"));
  EXPECT_THAT(text, HasSubstr("A note."));
  EXPECT_THAT(text, HasSubstr("2.5 MB (16.0 times fewer than float32)"));
  EXPECT_EQ(first_unbalanced_tag(text), "");
  EXPECT_THAT(outcome_.warnings, IsEmpty());
}

TEST_F(Report, TheMatrixHoldsTheMeansAndMarksTheModelAtHome) {
  const RunResults results = test::write_tiny_run(run());
  const std::string text = html();
  const std::string mean = number(mean_score(results, "federated", "", "").dice, 3);
  EXPECT_THAT(text, ContainsRegex("all cases</th>.*>(<b>)?" + mean));
  const std::string own = number(mean_score(results, "south", "south", "").dice, 3);
  EXPECT_THAT(text, ContainsRegex("<td class=\"heat own\"[^>]*>(<b>)?" + own + "(</b>)?<span class=\"vh\"> .own model"));
}

TEST_F(Report, TheTableOfSitesSaysWhoChoseWhichCluster) {
  RunResults results = test::write_tiny_run(run(), {.sites = {"a", "b"}});
  EXPECT_THAT(html(), Not(HasSubstr(">cluster</th>")));
  for (ModelSummary& model : results.models)
    if (model.kind == "federated") model.best_round = 2, model.clusters = {{"a", {0, 0, 0}}, {"b", {0, 1, 1}}};
  write_file(run() / "results.json", to_json(results).dump());
  const std::string text = html();
  EXPECT_THAT(text, HasSubstr(">cluster</th>"));
  EXPECT_THAT(text, HasSubstr("<td class=\"text\">0 (rounds 1 to 2: 0)</td>"));
  EXPECT_THAT(text, HasSubstr("<td class=\"text\">1 (round 1: 0, 2: 1)</td>"));
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, NothingIsFetchedAndNoScriptRuns) {
  test::write_tiny_run(run());
  const std::string text = html();
  EXPECT_THAT(text, HasSubstr("default-src 'none'"));
  EXPECT_THAT(text, Not(ContainsRegex("<script|https?://|@import|url\\(")));
  EXPECT_LT(text.size(), 3U << 20);
}

TEST_F(Report, NamesFromTheRunAreShownAndDoNotRun) {
  RunResults results = test::write_tiny_run(run(), {.sites = {"a", "b"}});
  const std::string evil = "\"><script>alert(1)</script>'&";
  const auto rename = [&](std::string& text) {
    if (text == "a") text = evil;
  };
  results.title = results.sites[0].description = results.notes[0] = results.picture_channel = evil;
  results.regions[0] = evil;
  results.versions[evil] = evil;
  results.settings = {{evil, evil}};
  for (SiteSummary& site : results.sites) rename(site.name);
  for (ModelSummary& model : results.models) {
    rename(model.name);
    for (std::string& site : model.trained_on) rename(site);
    for (CurvePoint& point : model.curve) point.validation[evil] = 0.5;
  }
  for (CaseResult& c : results.cases) rename(c.site), rename(c.model), c.name = evil, c.regions[0].region = evil;
  write_file(run() / "results.json", to_json(results).dump());
  const std::string text = html();
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, HasSubstr("&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;"));
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, NamesThatLeadOutOfTheFolderAreNotFollowed) {
  RunResults results = test::write_tiny_run(run(), {.sites = {"a", "b"}});
  imaging::write_nifti(folder_.path() / "secret_FLAIR.nii.gz", test::tiny_patient(1).flair);
  for (CaseResult& c : results.cases) c.name = "../../../secret";
  write_file(run() / "results.json", to_json(results).dump());
  EXPECT_THAT(html(), HasSubstr("no picture: a name in results.json is no file name"));
  EXPECT_FALSE(outcome_.warnings.empty());
}

TEST_F(Report, MissingAndDamagedPicturesAreToldAndCostNothingElse) {
  test::write_tiny_run(run(), {.cases = 1});
  fs::remove(run() / "images" / "north" / "case-0_FLAIR.nii.gz");
  write_file(run() / "predictions" / "pooled" / "south" / "case-0.nii.gz", "no image");
  fs::remove_all(run() / "references" / "west");
  const std::string text = html();
  EXPECT_EQ(outcome_.warnings.size(), 3U);
  EXPECT_THAT(text, HasSubstr("no picture: "));
  EXPECT_THAT(text, HasSubstr("<section id=\"statistics\""));
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, APredictionOnAnotherGridIsTold) {
  test::write_tiny_run(run(), {.cases = 1});
  imaging::write_nifti(run() / "predictions" / "federated" / "north" / "case-0.nii.gz",
                       LabelMap{{{4, 4, 4}, {1, 1, 1}, {0, 0, 0}, kIdentity3}, std::vector<Label>(64, 1)});
  html();
  ASSERT_EQ(outcome_.warnings.size(), 1U);
  EXPECT_THAT(outcome_.warnings[0], HasSubstr("another grid"));
}

TEST_F(Report, ABinaryTargetHasOneRegionAndOneColour) {
  test::write_tiny_run(run(), {.scheme = "binary"});
  const std::string text = html();
  EXPECT_THAT(text, HasSubstr("Dice, lesion"));
  EXPECT_THAT(text, HasSubstr("lesion (predicted)"));
  EXPECT_THAT(text, Not(HasSubstr("oedema")));
  EXPECT_THAT(text, Not(HasSubstr("Region by region")));
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, OneModelAtOneSiteIsReportedWithoutComparison) {
  test::write_tiny_run(run(), {.sites = {"only"}, .cases = 1, .pooled = false, .federated = false});
  const std::string text = html();
  EXPECT_EQ(outcome_.headline, "No federated model in this run");
  EXPECT_THAT(text, Not(HasSubstr("<section id=\"statistics\"")));
  EXPECT_THAT(text, HasSubstr("The only case"));
  EXPECT_THAT(text, Not(ContainsRegex(kNotANumber)));
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, TenSitesStayBelowThreeMegabytes) {
  std::vector<std::string> sites;
  for (int n = 0; n < 10; ++n) sites.push_back("hospital_number_" + std::to_string(n));
  test::write_tiny_run(run(), {.sites = sites, .cases = 2});
  const std::string text = html();
  EXPECT_LT(text.size(), 3U << 20);
  EXPECT_EQ(first_unbalanced_tag(text), "");
}

TEST_F(Report, DistancesThatWereNotRecordedAreDashesNotNumbers) {
  RunResults results = test::write_tiny_run(run());
  for (CaseResult& c : results.cases)
    if (c.site == "north") c.regions[0].hd95_mm = std::nan("");
  write_file(run() / "results.json", to_json(results).dump());
  const std::string text = html();
  EXPECT_THAT(text, HasSubstr("–<small>4 without</small>"));
  EXPECT_THAT(text, Not(ContainsRegex(kNotANumber)));
}

TEST_F(Report, SameRunSameBytes) {
  test::write_tiny_run(run());
  const std::string first = html();
  EXPECT_EQ(html(), first);
}

TEST_F(Report, PicturesComeAsFilesToo) {
  test::write_tiny_run(run());
  html({.pictures = folder_.path() / "pictures"});
  for (const char* name : {"overlays.png", "gains.svg", "dice_WT.svg", "loss.svg", "validation_north.svg"})
    EXPECT_TRUE(fs::exists(folder_.path() / "pictures" / name)) << name;
  const std::string svg = read_file(folder_.path() / "pictures" / "gains.svg");
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns="));
  EXPECT_EQ(first_unbalanced_tag(svg), "");
  EXPECT_THAT(read_file(folder_.path() / "pictures" / "overlays.png"), testing::StartsWith("\x89PNG"));
}

TEST_F(Report, RefusesAFolderThatIsNoRun) {
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [&] { html(); }), HasSubstr("results.json"));
  write_file(run() / "results.json", "{}");
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { html(); }), HasSubstr("schema"));
  EXPECT_FALSE(fs::exists(page()));
}

TEST(ReportHtml, EscapesMarkupAndRepairsBytesThatAreNoUtf8) {
  EXPECT_EQ(escape_html("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
  EXPECT_EQ(escape_html("Köln 東 😀"), "Köln 東 😀");
  EXPECT_EQ(escape_html(std::string_view("a\0b\x1b", 4)), "ab");
  for (const char* bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80"})
    EXPECT_THAT(escape_html(bad), testing::StartsWith("\xEF\xBF\xBD")) << "overlong, surrogate or out of range";
  EXPECT_EQ(escape_html("\xE6\x9D"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ReportHtml, Base64EqualsTheExamplesOfRfc4648) {
  const std::vector<std::pair<std::string, std::string>> examples{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xFB\xFF", "+/8="}};
  for (const auto& [plain, coded] : examples) EXPECT_EQ(base64(plain), coded);
}

TEST(ReportHtml, NumbersHaveAMinusAndNoNegativeZero) {
  EXPECT_EQ(number(-0.0504, 3), "−0.050");
  EXPECT_EQ(number(-0.0001, 3), "0.000");
  EXPECT_EQ(number(std::nan(""), 3), "–");
  EXPECT_EQ(signed_number(0.0124), "+0.012");
  EXPECT_EQ(signed_number(0.0001), "0.000");
  EXPECT_EQ(p_text(0.0004), "< 0.001");
  EXPECT_EQ(counted(1, "case"), "1 case");
}

TEST(ReportCharts, AxesEndAtRoundNumbersAroundTheValues) {
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{0.31, 0.92}, {0, 1}, {0.5, 0.5}, {-3, 700}, {0.0012, 0.0019}}) {
    const Axis axis = round_axis(low, high, 6);
    EXPECT_LE(axis.low, low + 1e-9);
    EXPECT_GE(axis.high, high - 1e-9);
    EXPECT_GT(axis.step, 0);
    EXPECT_LE((axis.high - axis.low) / axis.step, 7.001) << low << " " << high;
    EXPECT_NEAR(std::remainder(axis.low, axis.step), 0, 1e-9);
  }
  EXPECT_EQ(round_axis(0, 1, 6).decimals, 1);
  EXPECT_EQ(round_axis(0, std::nan(""), 6).high, 1) << "nothing to show";
}

TEST(ReportCharts, ShortenedTextKeepsWholeLetters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "ab…");
  EXPECT_EQ(shortened("äöüß", 4), "äöüß");
  EXPECT_EQ(shortened("äöüßé", 4), "äöü…");
}

}  // namespace
}  // namespace consilium::pipelines
