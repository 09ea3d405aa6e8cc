#include "fl/aggregate/bucketing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/rng.h"
#include "fl/federation_settings.h"
#include "tests/fl/aggregation_settings.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::settings_of;
using testing::HasSubstr;

ModelState state_of(std::vector<float> values) { return {{{"w", "trunk", {static_cast<std::int64_t>(values.size())}, std::move(values)}}}; }

Update update_of(int number, std::vector<float> values, std::int64_t cases = 10) {
  return {.site = "site_" + std::to_string(100 + number), .round = 0, .base_digest = "digest", .delta = state_of(std::move(values)), .cases_per_group = {{"trunk", cases}}};
}

std::vector<float> step_of(const Json& rule, const std::vector<Update>& updates) {
  AggregationMemory memory;
  const std::size_t count = updates[0].delta.tensors[0].values.size();
  return aggregate(settings_of(rule), state_of(std::vector<float>(count, 0)), updates, {}, updates.size(), memory).tensors[0].values;
}

TEST(Bucketing, DealsEveryUpdateOnceAndByChance) {
  for (const std::size_t count : {1U, 2U, 7U, 10U}) {
    std::set<Buckets> deals;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Buckets buckets = deal(count, 3, seed);
      EXPECT_EQ(buckets, deal(count, 3, seed));
      EXPECT_EQ(buckets.size(), (count + 2) / 3);
      std::vector<std::size_t> all;
      for (const auto& bucket : buckets) {
        EXPECT_LE(bucket.size(), 3U);
        EXPECT_FALSE(bucket.empty());
        all.insert(all.end(), bucket.begin(), bucket.end());
      }
      std::sort(all.begin(), all.end());
      for (std::size_t n = 0; n < count; ++n) EXPECT_EQ(all[n], n);
      deals.insert(buckets);
    }
    if (count >= 7) {
      EXPECT_GT(deals.size(), 15U);
    }
  }
}

TEST(Bucketing, InnerProductsAreThoseOfTheMeans) {
  const std::vector<std::vector<float>> vectors{{1, 2}, {3, -1}, {0, 5}};
  Gram gram(3);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) gram.at(i, j) = static_cast<double>(vectors[i][0] * vectors[j][0] + vectors[i][1] * vectors[j][1]);
  const Buckets buckets{{2, 0}, {1}};
  const std::vector<std::span<const float>> rows(vectors.begin(), vectors.end());
  const auto means = means_of(rows, buckets);
  EXPECT_EQ(means[0], (std::vector<float>{0.5F, 3.5F}));
  const Gram of_means = gram_of_means(gram, buckets);
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t b = 0; b < 2; ++b) EXPECT_NEAR(of_means.at(a, b), static_cast<double>(means[a][0] * means[b][0] + means[a][1] * means[b][1]), 1e-12);
  EXPECT_EQ(spread(std::vector<double>{0.5, 0.25}, buckets, 3), (std::vector<double>{0.25, 0.25, 0.25}));
}

/// Sites with different patients: half pull one way, half the other. Krum alone follows one half; with buckets it sees both. Karimireddy et al. 2022, section 3.
TEST(Bucketing, KrumWithBucketsIsNearerTheMeanOfUnlikeSites) {
  std::vector<Update> updates;
  for (int n = 0; n < 20; ++n) {
    Rng rng(static_cast<std::uint64_t>(n));
    std::vector<float> values(500);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>((n % 2 == 0 ? 1 : -1) + 0.05 * rng.normal());
    updates.push_back(update_of(n, values));
  }
  const auto distance = [](const std::vector<float>& step) {
    double sum = 0;
    for (const float value : step) sum += static_cast<double>(value) * static_cast<double>(value);
    return std::sqrt(sum / static_cast<double>(step.size()));
  };
  EXPECT_GT(distance(step_of({{"rule", "krum"}}, updates)), 0.9);
  EXPECT_LT(distance(step_of({{"rule", "krum"}, {"bucket", 4}}, updates)), 0.6);
}

TEST(Bucketing, OneAttackerOfFifteenStillDoesNotMoveTheModel) {
  std::vector<Update> updates;
  for (int n = 0; n < 15; ++n) {
    Rng rng(static_cast<std::uint64_t>(n));
    std::vector<float> values(300);
    for (float& value : values) value = static_cast<float>(1 + 0.1 * rng.normal());
    updates.push_back(update_of(n, values));
  }
  for (float& value : updates[4].delta.tensors[0].values) value = -1000;
  for (const Json& rule : {Json{{"rule", "median"}, {"bucket", 2}}, Json{{"rule", "trimmed_mean"}, {"bucket", 2}}, Json{{"rule", "krum"}, {"bucket", 3}}, Json{{"rule", "multi_krum"}, {"bucket", 3}}, Json{{"rule", "bulyan"}, {"bucket", 2}},
                          Json{{"rule", "geometric_median"}, {"bucket", 2}}})
    for (const float value : step_of(rule, updates)) ASSERT_NEAR(value, 1, 0.35) << rule;
}

TEST(Bucketing, NobodyKnowsTheDealBeforeAllHaveSent) {
  const ModelState global = state_of({0, 0});
  std::vector<Update> updates{update_of(0, {1, 2}), update_of(1, {3, 4})};
  const auto seed = [&] { return seed_from(global, group_updates(global, updates).at(0)); };
  const std::uint64_t before = seed();
  EXPECT_EQ(seed(), before);
  updates[1].delta.tensors[0].values[1] = std::nextafter(4.0F, 5.0F);
  EXPECT_NE(seed(), before);
}

TEST(Bucketing, ABucketedRuleNeedsSoManyMoreSites) {
  EXPECT_EQ(least_updates(settings_of({{"rule", "krum"}, {"bucket", 3}})), 13);
  FederationSettings settings{.sites = {"a", "b", "c", "d", "e"}, .rounds = 1, .quorum = 5};
  settings.aggregation = settings_of({{"rule", "krum"}});
  validate(settings);
  settings.aggregation = settings_of({{"rule", "krum"}, {"bucket", 2}});
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { validate(settings); }), HasSubstr("9 sites"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { settings_of({{"rule", "median"}, {"bucket", 0}}); }), HasSubstr("aggregation.bucket"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { settings_of({{"rule", "norm_bound"}, {"bucket", 2}}); }), HasSubstr("bucket"));
}

/// A run's settings are compared as text when it goes on: what did not exist then must not appear.
TEST(Bucketing, SettingsWithoutBucketsAndCapsReadAsTheyDidBefore) {
  EXPECT_EQ(to_json(settings_of({{"rule", "fedavg"}})).dump(), R"({"rule":"fedavg"})");
  EXPECT_EQ(to_json(settings_of({{"rule", "median"}})).dump(), R"({"rule":"median"})");
  EXPECT_EQ(settings_of(to_json(settings_of({{"rule", "fedavg"}, {"cap", 2}}))), settings_of({{"rule", "fedavg"}, {"cap", 2}}));
}

TEST(WeightCap, ALargeClaimCountsForNoMoreThanTheCapUnderFedavg) {
  const std::vector<Update> updates{update_of(0, {1}, 10), update_of(1, {1}, 10), update_of(2, {1}, 10), update_of(3, {101}, kMostCases)};
  EXPECT_NEAR(step_of({{"rule", "fedavg"}}, updates)[0], 101, 0.1);
  EXPECT_NEAR(step_of({{"rule", "fedavg"}, {"cap", 1.2}}, updates)[0], 1 + 100 * 0.3, 1e-4);  // 1.2 of 4 equal shares: 0.3
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { settings_of({{"rule", "fedavg"}, {"cap", 0.5}}); }), HasSubstr("aggregation.cap"));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { settings_of({{"rule", "fedadam"}, {"cap", 2}}); }), HasSubstr("cap"));
}

}  // namespace
}  // namespace consilium::fl
