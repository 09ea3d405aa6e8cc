#include "fl/estimate/estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/files.h"
#include "fl/estimate/fair_shares.h"
#include "fl/estimate/traffic.h"
#include "models/state/safetensors.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using testing::HasSubstr;

constexpr double kEqual = 1e-9;  // relative: sums of a few float64 terms

/// Sites that are all alike: 1 MB/s down, 0.5 MB/s up, 10 s per patient of training, 2 s of validation; 8 + 2 patients.
EstimateSettings equal_sites(std::int64_t sites) {
  EstimateSettings s;
  s.sites = sites;
  s.rounds = 2;
  s.patients = {10, 10, 10};
  s.model_bytes = s.links.measured_bytes = 100e6;
  s.links.download_seconds = {100, 100, 100};
  s.links.upload_seconds = {200, 200, 200};
  s.compute.train_seconds_per_patient = {10, 10, 10};
  s.compute.validate_seconds_per_patient = {2, 2, 2};
  s.coordinator = {1e6, 1e12};
  s.updates.weights = 4;
  return s;
}

double seconds(const RoundCost& round) { return round.closed - round.opened; }

TEST(FairShares, FillTheSmallestFirst) {
  EXPECT_EQ(fair_shares(std::vector<double>{1, 2, 3}, 10), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(fair_shares(std::vector<double>{8, 1, 9}, 7), (std::vector<double>{3, 1, 3}));
  EXPECT_TRUE(fair_shares({}, 7).empty());
}

TEST(Traffic, SharesTheLineAndSpeedsUpWhenATransferEnds) {
  Traffic line(10);
  line.start(0, 50, 100, 0);
  line.start(1, 100, 100, 0);
  ASSERT_EQ(line.next_end()->site, 0U);
  EXPECT_DOUBLE_EQ(line.next_end()->time, 10);  // 5 each
  EXPECT_DOUBLE_EQ(*line.stop(0, 10), 0);
  EXPECT_DOUBLE_EQ(line.next_end()->time, 15);  // 50 are left, alone
  EXPECT_DOUBLE_EQ(*line.stop(1, 12), 30);
  EXPECT_FALSE(line.stop(1, 12).has_value());
  EXPECT_FALSE(line.next_end().has_value());
}

TEST(Distribution, IsDealtWithoutRepetitionWithinATable) {
  std::vector<double> values = deal({0, 10, 40}, 21, 21, Rng(3));
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values.front(), 0);
  EXPECT_EQ(values[10], 10);
  EXPECT_EQ(values.back(), 40);
  EXPECT_EQ(std::adjacent_find(values.begin(), values.end()), values.end());
  EXPECT_EQ(deal({0, 10, 40}, 50, 21, Rng(3)), deal({0, 10, 40}, 50, 21, Rng(3)));
  EXPECT_NE(deal({0, 10, 40}, 50, 21, Rng(3)), deal({0, 10, 40}, 50, 21, Rng(4)));
}

TEST(Estimate, ARoundOfEqualSitesLastsAsLongAsItsParts) {
  const Estimate found = estimate(equal_sites(3));
  ASSERT_EQ(found.rounds.size(), 3U);
  // 100 s down, 8 patients * 10 s, 2 validations * 2 patients * 2 s, 200 s up.
  EXPECT_NEAR(seconds(found.rounds[0]), 388, kEqual * 388);
  EXPECT_NEAR(found.sites[0].undisturbed_seconds, 388, kEqual * 388);
  EXPECT_NEAR(seconds(found.rounds[2]), 104, kEqual * 104);  // the last look: down, and one validation
  EXPECT_EQ(found.rounds[0].accepted, 3);
  EXPECT_NEAR(found.rounds[0].download_bytes, 300e6, 1);
  EXPECT_NEAR(found.rounds[0].upload_bytes, 300e6, 1);
  EXPECT_NEAR(found.sites[1].download_bytes, 300e6, 1);  // two rounds and the last look
  EXPECT_NEAR(found.sites[1].upload_bytes, 200e6, 1);
  EXPECT_NEAR(found.sites[1].computing_seconds, 2 * 88 + 4, kEqual * 180);
}

TEST(Estimate, TheCoordinatorsLineIsShared) {
  EstimateSettings s = equal_sites(10);
  s.coordinator.mbit_per_second = 8;  // 1 MB/s for all: 1000 s down, and as long up
  EXPECT_NEAR(seconds(estimate(s).rounds[0]), 1000 + 88 + 1000, 1e-3);
}

TEST(Estimate, CompressionDividesBytes) {
  EstimateSettings s = equal_sites(2);
  s.upload_compression = 4;
  s.download_compression = 2;
  const RoundCost round = estimate(s).rounds[0];
  EXPECT_NEAR(seconds(round), 50 + 88 + 50, 1e-6);
  EXPECT_NEAR(round.upload_bytes, 50e6, 1);
}

TEST(Estimate, RoundTripsAndLossSlowALink) {
  EstimateSettings s = equal_sites(1);
  s.links.round_trip_ms = 150;
  const double calm = seconds(estimate(s).rounds[0]);
  EXPECT_NEAR(calm, 388 + 3 * 0.15, 1e-6);
  s.links.loss = 0.02;
  // Mathis: 1460 / 0.15 * sqrt(1.5 / 0.02) = 84.3 kB/s each way.
  EXPECT_NEAR(seconds(estimate(s).rounds[0]), 88 + 0.45 + 2 * 100e6 / (1460 / 0.15 * std::sqrt(75)), 1e-3);
}

TEST(Estimate, ADeadlineLeavesOutWhoIsSlowerAndSaysSo) {
  EstimateSettings s = equal_sites(21);
  s.patients = {10, 10, 1000};  // the largest hospitals are the slowest
  s.deadline_seconds = 1000;
  const Estimate found = estimate(s);
  const RoundCost& round = found.rounds[0];
  EXPECT_EQ(round.closed, 1000);
  EXPECT_GT(round.late, 5);
  EXPECT_LT(round.share_of_patients, static_cast<double>(round.accepted) / 21);  // sites count alike, patients do not
  for (const SiteCost& site : found.sites) {
    if (site.patients != 1000) continue;
    EXPECT_EQ(site.accepted, 0);
  }
}

TEST(Estimate, WithoutQuorumTheRoundWaitsForIt) {
  EstimateSettings s = equal_sites(4);
  s.deadline_seconds = 1;
  s.quorum = 4;
  EXPECT_NEAR(seconds(estimate(s).rounds[0]), 388, 1e-6);
}

TEST(Estimate, WhoIsLateTakesTheRoundThatIsOpenThen) {
  EstimateSettings s = equal_sites(21);
  s.rounds = 4;
  s.patients = {10, 10, 60};  // the largest needs 888 s, more than twice the deadline
  s.deadline_seconds = 400;
  const Estimate found = estimate(s);
  for (const SiteCost& site : found.sites) {
    if (site.patients != 60) continue;
    EXPECT_EQ(site.accepted, 0);
    EXPECT_GE(site.late, 1);
    EXPECT_LE(site.download_bytes, 4 * 100e6);
  }
}

TEST(Estimate, AnOutageCostsItsTimeAndAtMostAChunk) {
  EstimateSettings s = equal_sites(1);
  s.rounds = 1;
  s.links.outages_per_day = 500;
  s.links.outage_seconds = {60, 60, 60};
  const Estimate found = estimate(s);
  const SiteCost& site = found.sites[0];
  ASSERT_GE(site.outages, 2);
  EXPECT_GT(seconds(found.rounds[0]), 388 + 59);
  EXPECT_LT(site.download_bytes + site.upload_bytes, 300e6 + static_cast<double>(site.outages) * 1048576 + 1);
}

TEST(Estimate, ASiteThatDiesRepeatsItsTrainingNotItsTransfer) {
  EstimateSettings s = equal_sites(1);
  s.rounds = 1;
  s.deadline_seconds = 1e9;
  s.failures = {500, {10, 10, 10}};
  const Estimate found = estimate(s);
  const SiteCost& site = found.sites[0];
  ASSERT_GE(site.deaths, 1);
  EXPECT_EQ(site.accepted, 1);
  EXPECT_GT(site.computing_seconds, 92);
  EXPECT_LT(site.download_bytes, 200e6 + static_cast<double>(site.deaths) * 1048576 + 1);
}

TEST(Estimate, ASiteThatIsAwayIsCountedSo) {
  EstimateSettings s = equal_sites(40);
  s.rounds = 3;
  s.deadline_seconds = 450;
  s.failures = {20, {3600, 3600, 3600}};
  std::int64_t away = 0, late = 0;
  for (const RoundCost& round : estimate(s).rounds) away += round.away, late += round.late;
  EXPECT_GT(away, 0);
  EXPECT_GE(late, away);
}

TEST(Estimate, SlowRoundsComeAtTheirChance) {
  EstimateSettings s = equal_sites(1);
  s.rounds = 400;
  s.compute.slow_chance = 0.25;
  s.compute.slow_factor = 2;
  int slow = 0;
  for (const RoundCost& round : estimate(s).rounds)
    if (seconds(round) > 400) ++slow;
  EXPECT_NEAR(slow, 100, 45);  // five deviations of the binomial: one run in two million
}

TEST(Estimate, TheSameSettingsGiveTheSameModelAndAnotherSeedAnother) {
  EstimateSettings s;
  s.rounds = 3;
  s.links.outages_per_day = 20;
  s.failures.deaths_per_day = 5;
  const Estimate a = estimate(s), b = estimate(s);
  EXPECT_EQ(a.model_digest, b.model_digest);
  EXPECT_EQ(a.rounds.back().closed, b.rounds.back().closed);
  s.seed = 2;
  EXPECT_NE(estimate(s).model_digest, a.model_digest);
}

TEST(Estimate, SyntheticRoundsLeadToTheSitesOptimum) {
  EstimateSettings s = equal_sites(20);
  s.rounds = 15;
  s.updates.weights = 200;
  const Estimate found = estimate(s);
  EXPECT_LT(found.rounds.front().validation, 0.6);
  EXPECT_NEAR(found.rounds.back().validation, 1 / (1 + 0.25), 0.02);  // spread 0.5: squared distance 0.25
}

TEST(Estimate, RecordedUpdatesAreAveraged) {
  const TemporaryFolder folder;
  for (const float value : {1.0F, 3.0F}) {
    const ModelState delta{{{"a", "trunk", {2}, {value, value}}}};
    write_safetensors(folder.path() / ("delta_" + std::to_string(static_cast<int>(value)) + ".safetensors"), delta);
  }
  EstimateSettings s = equal_sites(2);
  s.rounds = 1;
  s.updates.kind = UpdateKind::kRecorded;
  s.updates.folder = folder.path().string();
  EXPECT_EQ(estimate(s).model_digest, digest(ModelState{{{"a", "trunk", {2}, {2, 2}}}}));
  s.updates.folder = "/nowhere";
  EXPECT_THAT(test::refusal(ErrorCode::kNotFound, [&] { estimate(s); }), HasSubstr("no such folder"));
}

TEST(Estimate, SelectionLeavesTheOthersAtRest) {
  EstimateSettings s = equal_sites(9);
  s.policy.selection = {SelectionRule::kRandom, 3, 10, 5};
  const Estimate found = estimate(s);
  EXPECT_EQ(found.rounds[0].asked, 3);
  EXPECT_EQ(found.rounds[0].accepted, 3);
  EXPECT_EQ(found.rounds[0].late, 0);
  EXPECT_NEAR(found.rounds[0].download_bytes, 300e6, 1);
  EXPECT_EQ(found.rounds[2].asked, 9);  // the last look
}

TEST(Estimate, LateUpdatesAreMergedWhereThePolicySaysSo) {
  EstimateSettings s = equal_sites(21);
  s.rounds = 6;
  s.patients = {10, 10, 60};  // 388 s to 828 s
  s.deadline_seconds = 400;
  const Estimate refused = estimate(s);
  s.policy.late = LateUpdates::kMerge;
  const Estimate merged = estimate(s);
  const auto total = [](const Estimate& e, auto of) {
    std::int64_t sum = 0;
    for (const RoundCost& round : e.rounds) sum += round.*of;
    return sum;
  };
  EXPECT_EQ(total(refused, &RoundCost::merged), 0);
  EXPECT_GT(total(merged, &RoundCost::merged), 5);
  EXPECT_LT(total(merged, &RoundCost::late), total(refused, &RoundCost::late));
  for (const SiteCost& site : merged.sites) EXPECT_GT(site.accepted, 0) << site.name;
  EXPECT_NE(merged.model_digest, refused.model_digest);
}

TEST(Estimate, ABufferClosesTheRoundWhenItIsFull) {
  EstimateSettings s = equal_sites(21);
  s.patients = {10, 100, 1000};
  s.quorum = 5;
  s.policy.close_after = 5;
  s.policy.late = LateUpdates::kMerge;
  const Estimate found = estimate(s);
  EXPECT_EQ(found.rounds[0].accepted, 5);
  EXPECT_LT(found.rounds[0].closed, 1500);
}

TEST(Estimate, ARoundThatWouldBeAbandonedIsAnError) {
  EstimateSettings s = equal_sites(4);
  s.quorum = 4;
  s.policy.abandon_seconds = 100;  // nobody is ready before 388 s
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { estimate(s); }), HasSubstr("round 1 would be abandoned"));
}

TEST(Estimate, AFederationThatNeverEndsIsRefused) {
  EstimateSettings s = equal_sites(2);
  s.policy.abandon_seconds = 1e12;
  s.failures = {5000, {1e6, 1e6, 1e6}};  // dies every 17 seconds and is away for days, and a round takes 388
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { estimate(s); }), HasSubstr("within ten years"));
}

/// Mean over many draws of eight sites.
struct Mean {
  double slowest = 0, site = 0;
};
Mean eight_hospitals(double patients, double compression) {
  constexpr int kDraws = 300;
  EstimateSettings s;
  s.sites = 8;
  s.rounds = 1;
  s.patients = {patients, patients, patients};
  s.download_compression = s.upload_compression = compression;
  s.updates.weights = 1;
  Mean mean;
  for (int draw = 0; draw < kDraws; ++draw) {
    s.seed = static_cast<std::uint64_t>(draw + 1);
    const Estimate found = estimate(s);
    mean.slowest += seconds(found.rounds[0]) / kDraws;
    for (const SiteCost& site : found.sites) mean.site += site.undisturbed_seconds / 8 / kDraws;
  }
  return mean;
}

TEST(Estimate, EightHospitalsOfTheFetsChallengeCostWhatIsKnown) {
  // Known: figures of a Monte-Carlo over the challenge's table of 21 sites. We have the least, median and most of each column only, hence:
  constexpr double kTolerance = 0.1;
  const struct {
    double patients, compression, slowest, site;
  } known[] = {{10, 1, 716, 0}, {40, 1, 1350, 0}, {10, 16, 295, 186}, {40, 16, 1022, 621}};
  for (const auto& k : known) {
    const Mean found = eight_hospitals(k.patients, k.compression);
    EXPECT_NEAR(found.slowest, k.slowest, kTolerance * k.slowest) << k.patients << " patients, compression " << k.compression;
    if (k.site == 0) continue;
    EXPECT_NEAR(found.site, k.site, kTolerance * k.site) << k.patients << " patients";
  }
}

}  // namespace
}  // namespace consilium::fl
