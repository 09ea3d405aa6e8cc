#include "fl/aggregate/robust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "fl/aggregate/aggregation.h"
#include "fl/federation_settings.h"
#include "models/state/safetensors.h"
#include "tests/fl/aggregation_settings.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::settings_of;
using testing::DoubleNear;
using testing::HasSubstr;
using testing::Pointwise;

const char* const kFile = "oracles/algorithms.json";
const Json kEvery[] = {{{"rule", "norm_bound"}}, {{"rule", "median"}}, {{"rule", "trimmed_mean"}}, {{"rule", "krum"}}, {{"rule", "multi_krum"}}, {{"rule", "bulyan"}}, {{"rule", "geometric_median"}}, {{"rule", "fltrust"}, {"root", "site_00"}}, {{"rule", "foolsgold"}},
                       {{"rule", "median"}, {"bucket", 2}}, {{"rule", "trimmed_mean"}, {"bucket", 2}}, {{"rule", "geometric_median"}, {"bucket", 2}}};

ModelState state_of(const std::vector<float>& values) { return {{{"w", "trunk", {static_cast<std::int64_t>(values.size())}, values}}}; }
ModelState zero(std::size_t count) { return state_of(std::vector<float>(count, 0)); }

Update update_of(int number, const std::vector<float>& values, std::int64_t cases = 10) {
  return {.site = "site_0" + std::to_string(number), .round = 0, .base_digest = "digest", .delta = state_of(values), .cases_per_group = {{"trunk", cases}}};
}

std::vector<float> step_of(const Json& rule, const std::vector<Update>& updates, std::size_t count) {
  AggregationMemory memory;
  return aggregate(settings_of(rule), zero(count), updates, {}, updates.size(), memory).tensors[0].values;
}

/// Honest sites: one direction, and noise of their own. 10,000 values: several blocks.
std::vector<Update> honest(int count, std::size_t values = 10000) {
  std::vector<Update> updates;
  for (int n = 0; n < count; ++n) {
    Rng rng = Rng(5).fork(static_cast<std::uint64_t>(n));
    std::vector<float> delta(values);
    for (std::size_t i = 0; i < values; ++i) delta[i] = static_cast<float>(std::sin(static_cast<double>(i)) + 0.3 * rng.normal());
    updates.push_back(update_of(n, delta, 5 + n));
  }
  return updates;
}

double distance_to_truth(const std::vector<float>& step) {
  double sum = 0;
  for (std::size_t i = 0; i < step.size(); ++i) sum += std::pow(static_cast<double>(step[i]) - std::sin(static_cast<double>(i)), 2);
  return std::sqrt(sum / static_cast<double>(step.size()));
}

std::vector<float> floats(const Json& values) { return values.get<std::vector<float>>(); }

TEST(Robust, MedianAndTrimmedMeanAreTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  for (const auto& [name, rule] : {std::pair<const char*, Json>{"coord_median", {{"rule", "median"}}}, std::pair<const char*, Json>{"trimmed_mean_b1", {{"rule", "trimmed_mean"}, {"trim", 0.2}}}}) {
    const Json oracle = consilium::test::oracle("algorithms", name);
    std::vector<Update> updates;
    for (const Json& values : oracle["input"]["updates"]) updates.push_back(update_of(static_cast<int>(updates.size()), floats(values)));
    EXPECT_THAT(step_of(rule, updates, 2), Pointwise(testing::FloatNear(1e-6F), floats(oracle["expected"]))) << name;
  }
}

/// The sorting network against the library's sort, for every number of sites up to nine.
TEST(Robust, TheMedianIsThatOfSortedValues) {
  for (int count = 1; count <= 9; ++count) {
    const std::vector<Update> updates = honest(count);
    const std::vector<float> found = step_of({{"rule", "median"}}, updates, 10000);
    for (std::size_t i = 0; i < found.size(); ++i) {
      std::vector<double> column;
      for (const Update& update : updates) column.push_back(static_cast<double>(update.delta.tensors[0].values[i]));
      std::sort(column.begin(), column.end());
      const std::size_t half = column.size() / 2;
      ASSERT_EQ(found[i], static_cast<float>(column.size() % 2 == 1 ? column[half] : (column[half - 1] + column[half]) / 2)) << count << " sites, value " << i;
    }
  }
}

/// A round of ten sites, three of which send what an attacker would: each rule stays where the honest sites are, the plain mean does not.
TEST(Robust, ThreeOfTenAttackersDoNotMoveTheModel) {
  const std::vector<Update> good = honest(10);
  const double calm = distance_to_truth(step_of({{"rule", "fedavg"}}, good, 10000));
  const std::map<std::string, std::function<float(float, Rng&)>> attacks{
      {"sign flip", [](float v, Rng&) { return -10 * v; }},
      {"scaling", [](float v, Rng&) { return 1000 * v; }},
      {"noise", [](float, Rng& rng) { return static_cast<float>(rng.normal(0, 30)); }},
      {"free rider", [](float, Rng&) { return 0.0F; }}};
  for (const auto& [name, attack] : attacks) {
    std::vector<Update> updates = good;
    for (const std::size_t n : {7U, 8U, 9U}) {
      Rng rng(n);
      for (float& value : updates[n].delta.tensors[0].values) value = attack(value, rng);
      updates[n].cases_per_group["trunk"] = kMostCases;  // it claims to be the largest hospital of all
    }
    if (name != "free rider") {
      EXPECT_GT(distance_to_truth(step_of({{"rule", "fedavg"}}, updates, 10000)), 5) << name;
    }
    for (Json rule : kEvery) {
      if (rule["rule"] == "bulyan") continue;  // ten sites are too few against three
      if (rule["rule"] == "foolsgold" || rule.contains("bucket")) continue;  // against copies, and against one of two in a bucket: tests of their own
      if (rule["rule"] == "krum" || rule["rule"] == "multi_krum") rule["attackers"] = 3;
      if (rule["rule"] == "trimmed_mean") rule["trim"] = 0.3;
      const double limit = rule["rule"] == "norm_bound" ? 0.8 : 0.6;  // it bounds what an attacker can do, and does not leave him out
      EXPECT_LT(distance_to_truth(step_of(rule, updates, 10000)), limit) << rule["rule"] << " against " << name << "; undisturbed mean: " << calm;
    }
  }
}

TEST(Robust, BulyanHoldsAgainstOneOfSeven) {
  std::vector<Update> updates = honest(7);
  for (float& value : updates[3].delta.tensors[0].values) value *= -100;
  EXPECT_LT(distance_to_truth(step_of({{"rule", "bulyan"}}, updates, 10000)), 0.3);
}

TEST(Robust, TheSameBitsWhateverTheOrderAndTheThreads) {
  std::vector<Update> updates = honest(7);
  for (const Json& rule : kEvery) {
    const std::vector<float> expected = step_of(rule, updates, 10000);
    std::vector<Update> reversed(updates.rbegin(), updates.rend());
    set_thread_limit(1);
    EXPECT_EQ(step_of(rule, reversed, 10000), expected) << rule;
    set_thread_limit(0);
  }
}

TEST(Robust, UpdatesOnDiskGiveTheSameBits) {
  const TemporaryFolder folder;
  const std::vector<Update> updates = honest(7);
  std::vector<Update> on_disk = updates;
  for (Update& update : on_disk) {
    write_safetensors(folder.path() / (update.site + ".safetensors"), update.delta);
    update.delta = {};
    update.delta_file = std::make_shared<const SafetensorsFile>(folder.path() / (update.site + ".safetensors"));
  }
  for (const Json& rule : kEvery) EXPECT_EQ(step_of(rule, on_disk, 10000), step_of(rule, updates, 10000)) << rule;
}

/// Rules of distances would compare apples with pears if a site without a group counted as zero there.
TEST(Robust, AGroupIsJudgedAmongTheSitesThatTrainedIt) {
  ModelState global{{{"a", "ct", {1}, {0}}, {"b", "mr", {1}, {0}}}};
  std::vector<Update> updates;
  for (int n = 0; n < 6; ++n) {
    Update update = update_of(n, {});
    const bool has_mr = n < 3;
    update.cases_per_group = {{"ct", 4}, {"mr", has_mr ? 4 : 0}};
    update.delta = {{{"a", "ct", {1}, {1}}}};
    if (has_mr) update.delta.tensors.push_back({"b", "mr", {1}, {5}});
    updates.push_back(update);
  }
  AggregationMemory memory;
  const ModelState median = aggregate(settings_of({{"rule", "median"}}), global, updates, {}, 6, memory);
  EXPECT_EQ(median.tensors[1].values[0], 5);
  const ModelState krum = aggregate(settings_of({{"rule", "krum"}}), global, updates, {}, 6, memory);
  EXPECT_EQ(krum.tensors[0].values[0], 1);
  EXPECT_EQ(krum.tensors[1].values[0], 0) << "three sites cannot say which of them lies: the group stays";
}

TEST(Robust, ARoundInWhichNobodyTrainedLeavesTheModelAsItIs) {
  for (const Json& rule : kEvery)
    for (const auto& updates : {std::vector<Update>{}, std::vector{update_of(0, {5}, 0), update_of(1, {7}, 0)}}) EXPECT_EQ(step_of(rule, updates, 1)[0], 0) << rule;
}

TEST(Robust, SettingsComeBackAndWrongOnesAreRefusedByName) {
  for (const Json& rule : kEvery) EXPECT_EQ(settings_of(to_json(settings_of(rule))), settings_of(rule)) << rule;
  const auto refused = [](const Json& json) { return refusal(ErrorCode::kUsage, [&] { settings_of(json); }); };
  EXPECT_THAT(refused({{"rule", "median"}, {"trim", 0.1}}), HasSubstr("trim"));
  EXPECT_THAT(refused({{"rule", "trimmed_mean"}, {"trim", 0.5}}), HasSubstr("aggregation.trim"));
  EXPECT_THAT(refused({{"rule", "norm_bound"}, {"cap", 0.5}}), HasSubstr("aggregation.cap"));
  EXPECT_THAT(refused({{"rule", "norm_bound"}, {"bound", -1}}), HasSubstr("aggregation.bound"));
  EXPECT_THAT(refused({{"rule", "krum"}, {"attackers", -1}}), HasSubstr("aggregation.attackers"));
  EXPECT_THAT(refused({{"rule", "fltrust"}}), HasSubstr("root"));
}

TEST(Robust, AFederationTooSmallForItsRuleIsRefusedBeforeTheRun) {
  FederationSettings settings{.sites = {"a", "b", "c"}, .rounds = 1, .quorum = 3};
  settings.aggregation = settings_of({{"rule", "krum"}});
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { validate(settings); }), HasSubstr("5 sites"));
  settings.aggregation = settings_of({{"rule", "fltrust"}, {"root", "d"}});
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { validate(settings); }), HasSubstr("\"d\""));
  settings.aggregation = settings_of({{"rule", "median"}});
  settings.policy.late = LateUpdates::kMerge;
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { validate(settings); }), HasSubstr("late"));
  settings.policy.late = LateUpdates::kRefuse;
  validate(settings);
}

}  // namespace
}  // namespace consilium::fl
