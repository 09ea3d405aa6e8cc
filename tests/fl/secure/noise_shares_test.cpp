#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fl/privacy/client_round.h"
#include "tests/fl/secure/secure_table.h"

// The noise of differential privacy in shares, through the whole protocol: what the opened sum holds is what the accountant counts on.
namespace consilium::fl {
namespace {

using test::SecureTable;
using testing::HasSubstr;

constexpr std::size_t kNumbers = 20000;
/// Of a measured variance of so many independent numbers, relative: five deviations, missed once in two million.
const double kFiveDeviations = 5 * std::sqrt(2.0 / kNumbers);

/// Sites that have nothing to say: what is in the sum is noise.
struct NoisyTable : SecureTable {
  NoisyTable(std::size_t sites, ClientNoise kind, std::int64_t colluding = 0) : SecureTable(sites) {
    global.tensors = {{"a", "trunk", {static_cast<std::int64_t>(kNumbers)}, std::vector<float>(kNumbers)}};
    plan.protection.privacy = ClientPrivacy{.clip = 0.5, .noise_multiplier = 2, .noise = kind, .colluding = colluding};
    for (auto& [name, update] : updates) {
      update.delta = global;
      update.cases_per_group = {{"trunk", 1}};
    }
  }
  SecureRound& open_round() {
    round = std::make_unique<SecureRound>(SecureRoundOptions{"federation", members.check, folder.path(), 100, noise_bound_of(plan, names().size())}, plan, names(), global);
    return *round;
  }
  std::optional<ProtectedSum> run_noisy(const std::map<std::string, std::uint32_t>& gone = {}) {
    open_round();
    return go_on(gone);
  }
};

/// The sum's numbers in units of the update: the mean times those who are in it.
std::vector<double> numbers_of(const ProtectedSum& sum) {
  const UpdateWeights weights(sum.mean);
  std::vector<float> scratch;
  std::vector<double> numbers;
  for (const float value : weights.block(0, 0, kNumbers, scratch)) numbers.push_back(static_cast<double>(value) * static_cast<double>(sum.contributors.size()));
  return numbers;
}

double variance_of(const std::vector<double>& numbers) {
  double square = 0;
  for (const double number : numbers) square += number * number;
  return square / static_cast<double>(numbers.size());
}

class NoiseShares : public testing::TestWithParam<ClientNoise> {};

/// Shares are sized for the sites that must go all the way: whoever else is there adds to the noise, and a sum with less than the assumed noise is never opened.
TEST_P(NoiseShares, TheOpenedSumHasTheNoiseThatWasAssumedWhoeverDropsOut) {
  constexpr std::size_t kSites = 6;
  const double assumed = std::pow(2 * 0.5, 2);
  for (const std::size_t dropouts : {0U, 1U, 2U}) {
    for (const std::uint32_t step : {1U, 2U}) {
      NoisyTable table(kSites, GetParam());
      ASSERT_EQ(table.plan.protection.secure_aggregation->threshold, 4);
      std::map<std::string, std::uint32_t> gone;
      for (std::size_t n = 0; n < dropouts; ++n) gone[table.names()[2 * n]] = step;
      const auto sum = table.run_noisy(gone);
      ASSERT_TRUE(sum);
      ASSERT_EQ(sum->contributors.size(), kSites - dropouts);
      const double expected = assumed * static_cast<double>(kSites - dropouts) / 4;
      EXPECT_NEAR(variance_of(numbers_of(*sum)) / expected, 1, kFiveDeviations) << dropouts << " gone before step " << step;
      EXPECT_GE(expected, assumed);
    }
    NoisyTable table(kSites, GetParam());
    EXPECT_FALSE(table.run_noisy({{table.names()[0], 2}, {table.names()[1], 2}, {table.names()[2], 2}})) << "three of six are fewer than were counted on";
  }
}

/// Who vanishes after its masked update has come is in the sum, and so is its noise.
TEST_P(NoiseShares, AreInTheSumOfSitesThatVanishAfterTheyHaveMasked) {
  NoisyTable table(6, GetParam());
  const auto sum = table.run_noisy({{table.names()[1], 3}, {table.names()[5], 3}});
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->contributors.size(), 6U);
  EXPECT_NEAR(variance_of(numbers_of(*sum)) / (6.0 / 4), 1, kFiveDeviations);
}

/// The others' shares alone are as much as was assumed.
TEST_P(NoiseShares, AreLargerWhereSitesMayCollude) {
  NoisyTable table(6, GetParam(), 1);
  const auto sum = table.run_noisy();
  ASSERT_TRUE(sum);
  EXPECT_NEAR(variance_of(numbers_of(*sum)) / (6.0 / 3), 1, kFiveDeviations);
}

INSTANTIATE_TEST_SUITE_P(Kinds, NoiseShares, testing::Values(ClientNoise::kSkellam, ClientNoise::kDiscreteGaussian));

/// A coordinator that says that it lost the sum gets the same noise again: averaging takes nothing off.
TEST(NoiseSharesOfOneRound, AreTheSameWhenTheSumIsMadeAgain) {
  NoisyTable table(4, ClientNoise::kSkellam);
  const auto first = table.run_noisy();
  ASSERT_TRUE(first);
  const std::vector<double> before = numbers_of(*first);
  const auto second = table.run_noisy();
  ASSERT_TRUE(second);
  EXPECT_EQ(before, numbers_of(*second));
  table.plan.round = 1;
  const auto next = table.run_noisy();
  ASSERT_TRUE(next);
  EXPECT_NE(before, numbers_of(*next));
}

TEST(NoiseSharesOfOneRound, OtherValuesOrAForgottenSecretAreNotSummedAgain) {
  NoisyTable table(4, ClientNoise::kSkellam);
  ASSERT_TRUE(table.run_noisy());
  const std::string changed = table.names()[0], restarted = table.names()[1];
  table.updates.at(changed).delta.tensors[0].values[3] = 0.25F;
  table.kill(restarted);
  table.open_round();
  for (const std::string& name : {changed, restarted}) {
    const auto answer = table.answer_of(name);
    ASSERT_TRUE(answer);
    EXPECT_THAT(answer->declined, HasSubstr("cannot add the same noise to the same values again")) << name;
  }
  // In the next round they take part.
  table.plan.round = 1;
  const auto next = table.run_noisy();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->contributors, table.names());
}

}  // namespace
}  // namespace consilium::fl
