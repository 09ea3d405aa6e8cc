#include "pipelines/estimate_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/files.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

fl::EstimateSettings small() {
  fl::EstimateSettings s;
  s.sites = 12;
  s.rounds = 3;
  return s;
}

TEST(EstimateCost, SameSettingsGiveTheSameBytes) {
  const TemporaryFolder folder;
  estimate_cost(small(), folder.path() / "a");
  estimate_cost(small(), folder.path() / "b");
  for (const char* name : {"settings.json", "estimate.json", "rounds.csv", "sites.csv"}) EXPECT_EQ(read_file(folder.path() / "a" / name), read_file(folder.path() / "b" / name)) << name;
  fl::EstimateSettings other = small();
  other.seed = 2;
  estimate_cost(other, folder.path() / "c");
  EXPECT_NE(read_file(folder.path() / "a/rounds.csv"), read_file(folder.path() / "c/rounds.csv"));
}

TEST(EstimateCost, TablesHaveARowPerRoundAndSite) {
  const TemporaryFolder folder;
  fl::EstimateSettings s = small();
  s.deadline_seconds = 86400;
  const CostSummary summary = estimate_cost(s, folder.path());
  const auto lines = [&](const char* name) {
    const std::string text = read_file(folder.path() / name);
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines("rounds.csv"), 1 + 3 + 1);  // heading, rounds, last look
  EXPECT_EQ(lines("sites.csv"), 1 + 12);
  EXPECT_EQ(summary.share_of_updates, 1);
  EXPECT_NEAR(summary.site_download_bytes, 4 * 267e6, 1);
  EXPECT_NEAR(summary.received_bytes, 12 * 3 * 267e6, 12);
}

TEST(EstimateCost, WhoNeverTakesPartIsNamed) {
  fl::EstimateSettings s = small();
  s.patients = {10, 20, 1000};
  s.deadline_seconds = 1800;
  const CostSummary summary = summarise(s, fl::estimate(s));
  ASSERT_FALSE(summary.never.empty());
  EXPECT_LT(summary.share_of_patients, summary.share_of_updates);
  EXPECT_THAT(to_text(summary, s), HasSubstr(summary.never.front()));
  EXPECT_EQ(to_json(summary, s, "")["taking_part"]["never"], summary.never);
}

TEST(EstimateCost, MemoryDoesNotGrowWithSites) {
  fl::EstimateSettings few = small(), many = small();
  many.sites = 1000;
  many.rounds = few.rounds = 1;
  EXPECT_EQ(summarise(few, fl::estimate(few)).memory_bytes, summarise(many, fl::estimate(many)).memory_bytes);
}

TEST(EstimateCost, AFolderWithAnotherEstimateIsRefused) {
  const TemporaryFolder folder;
  estimate_cost(small(), folder.path());
  fl::EstimateSettings other = small();
  other.rounds = 4;
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { estimate_cost(other, folder.path()); }), HasSubstr("other settings"));
}

TEST(EstimateCost, SettingsSurviveTheirJson) {
  fl::EstimateSettings s = small();
  s.links.loss = 0.02;
  s.updates = {fl::UpdateKind::kRecorded, 1000, 0.5, 0.3, "deltas"};
  EXPECT_EQ(to_json(fl::parse_estimate_settings(to_json(s), "doc")), to_json(s));
}

TEST(EstimateCost, WrongSettingsAreNamed) {
  const auto refused = [](const Json& json) { return test::refusal(ErrorCode::kUsage, [&] { fl::parse_estimate_settings(json, "hospitals.json"); }); };
  EXPECT_THAT(refused({{"site", 3}}), HasSubstr("sites"));
  EXPECT_THAT(refused({{"sites", 0}}), HasSubstr("hospitals.json.sites: expected 1 to 10000"));
  EXPECT_THAT(refused({{"sites", 100000}}), HasSubstr("1 to 10000"));
  EXPECT_THAT(refused({{"patients", {{"least", 5}, {"median", 4}, {"most", 9}}}}), HasSubstr("hospitals.json.patients"));
  EXPECT_THAT(refused({{"links", {{"download_seconds", {{"least", 0}, {"median", 4}, {"most", 9}}}}}}), HasSubstr("links.download_seconds"));
  EXPECT_THAT(refused({{"links", {{"loss", 1}}}}), HasSubstr("links.loss"));
  EXPECT_THAT(refused({{"quorum", 71}}), HasSubstr("quorum"));
  EXPECT_THAT(refused({{"updates", {{"kind", "recorded"}, {"weights", 3}}}}), HasSubstr("folder"));
}

}  // namespace
}  // namespace consilium::pipelines
