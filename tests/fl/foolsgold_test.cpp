#include "fl/aggregate/fools_gold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "fl/aggregate/sketch.h"
#include "fl/coordinator.h"
#include "fl/run_store.h"
#include "tests/fl/aggregation_settings.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::settings_of;
using testing::HasSubstr;

ModelState state_of(std::vector<float> values) { return {{{"w", "trunk", {static_cast<std::int64_t>(values.size())}, std::move(values)}}}; }
ModelState zero(std::size_t count) { return state_of(std::vector<float>(count, 0)); }

Update update_of(const std::string& site, std::vector<float> values, std::int64_t cases = 10) {
  return {.site = site, .round = 0, .base_digest = "digest", .delta = state_of(std::move(values)), .cases_per_group = {{"trunk", cases}}};
}

std::vector<float> noise(std::uint64_t seed, std::size_t count) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.normal());
  return values;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  const auto dot = [](const auto& x, const auto& y) { return std::inner_product(x.begin(), x.end(), y.begin(), 0.0); };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

TEST(Sketch, OfASmallModelIsTheModel) { EXPECT_EQ(sketch_of(zero(3), update_of("a", {1, -2, 3})), (std::vector<double>{1, -2, 3})); }

/// Fixed seeds: eight pairs, each within four standard deviations.
TEST(Sketch, KeepsAnglesAndIsLinear) {
  constexpr std::size_t kCount = 200000;
  const double deviation = 1 / std::sqrt(static_cast<double>(kSketchLength));
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const std::vector<float> a = noise(2 * seed, kCount), b = noise(2 * seed + 1, kCount);
    std::vector<float> mixed(kCount);
    for (std::size_t i = 0; i < kCount; ++i) mixed[i] = a[i] + static_cast<float>(seed) / 4 * b[i];
    const auto of = [&](const std::vector<float>& values) { return sketch_of(zero(kCount), update_of("a", values)); };
    const std::vector<double> sa = of(a), sb = of(b), sm = of(mixed);
    EXPECT_EQ(sa.size(), kSketchLength);
    EXPECT_NEAR(cosine(sa, sm), cosine(doubles(a), doubles(mixed)), 4 * deviation) << seed;
    for (std::size_t i = 0; i < sa.size(); ++i) ASSERT_NEAR(sm[i], sa[i] + static_cast<double>(seed) / 4 * sb[i], 1e-3);
  }
}

TEST(FoolsGold, CopiesLoseTheirSayOverTheRoundsAndHonestSitesKeepTheirs) {
  constexpr std::size_t kCount = 30000;
  AggregationMemory memory;
  ModelState global = zero(kCount);
  const std::vector<float> target = noise(5000, kCount);  // nobody else's
  for (std::uint64_t round = 0; round < 3; ++round) {
    std::vector<Update> updates;
    for (const char* name : {"a", "b", "c"}) updates.push_back(update_of(name, noise(round * 10 + static_cast<std::uint64_t>(name[0]), kCount)));
    for (const char* name : {"x", "y"}) {  // one attacker with two certificates, and a little noise
      std::vector<float> values = target;
      const std::vector<float> blur = noise(round * 10 + static_cast<std::uint64_t>(name[0]), kCount);
      for (std::size_t i = 0; i < kCount; ++i) values[i] = 20 * values[i] + blur[i];
      updates.push_back(update_of(name, values, kMostCases));
    }
    const WeighedModel next = aggregate_weighed(settings_of({{"rule", "foolsgold"}}), global, updates, {}, 5, memory);
    for (const char* name : {"a", "b", "c"}) EXPECT_NEAR(next.weights.at(name), 1.0 / 3, 1e-9) << name;
    for (const char* name : {"x", "y"}) EXPECT_EQ(next.weights.at(name), 0) << name;
    global = next.global;
  }
  EXPECT_EQ(memory.m.tensors.size(), 5U);
  for (const NamedTensor& history : memory.m.tensors) EXPECT_EQ(history.values.size(), kSketchLength);
}

/// In one round two updates may be unlike by their noise; what both have asked for in all rounds is not.
TEST(FoolsGold, ItIsTheHistoryThatCountsNotTheRound) {
  constexpr std::size_t kCount = 2000;
  ModelState histories;
  const std::vector<float> target = noise(7, kCount);
  for (std::uint64_t round = 0; round < 20; ++round) {
    std::vector<Update> updates{update_of("honest", noise(round, kCount))};
    for (const std::uint64_t n : {1U, 2U}) {
      std::vector<float> values = noise(1000 + 10 * round + n, kCount);
      for (std::size_t i = 0; i < kCount; ++i) values[i] = 3 * values[i] + target[i];  // cosine of one round: 0.1
      updates.push_back(update_of("sybil_" + std::to_string(n), values));
    }
    add_to_histories(zero(kCount), updates, histories);
    if (round == 0) {
      EXPECT_GT(fools_gold_weights(histories).at("sybil_1"), 0.9);
    }
  }
  EXPECT_LT(fools_gold_weights(histories).at("sybil_1"), 0.7);
  EXPECT_GT(fools_gold_weights(histories).at("honest"), 0.9);
}

TEST(FoolsGold, HistoriesSurviveARestartOfTheCoordinator) {
  const TemporaryFolder folder;
  FederationSettings settings{.sites = {"a", "b"}, .rounds = 3, .quorum = 2};
  settings.aggregation = settings_of({{"rule", "foolsgold"}});
  Coordinator c(settings, zero(4), 0);
  const auto send_both = [](Coordinator& to, float x) {
    for (const auto& [site, values] : {std::pair{"a", std::vector<float>{1, 0, x, 0}}, std::pair{"b", std::vector<float>{0, 1, 0, x}}}) {
      Update update = update_of(site, values);
      update.round = to.plan().round;
      update.base_digest = to.plan().base_digest;
      EXPECT_EQ(to.receive(site, update).kind, ReceiptKind::kAccepted);
    }
    ASSERT_TRUE(to.advance(1).has_value());
  };
  {
    RunStore store(folder.path(), settings);
    store.save(c.state());
    send_both(c, 2);
    store.save(c.state());
  }
  RunStore store(folder.path(), settings);
  Coordinator again(settings, *store.load(), 0);
  EXPECT_EQ(again.state(), c.state());
  EXPECT_EQ(again.state().memory.m.tensors.at(0).values, (std::vector<float>{1, 0, 2, 0}));
  send_both(again, 1);
  send_both(c, 1);
  EXPECT_EQ(again.state(), c.state());
  EXPECT_EQ(again.state().memory.m.tensors.at(0).values, (std::vector<float>{2, 0, 3, 0}));
}

TEST(FoolsGold, AHistoryOfAnotherModelIsRefused) {
  ModelState histories;
  add_to_histories(zero(2), std::vector{update_of("a", {1, 2})}, histories);
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { add_to_histories(zero(3), std::vector{update_of("a", {1, 2, 3})}, histories); }), HasSubstr("site \"a\""));
}

}  // namespace
}  // namespace consilium::fl
