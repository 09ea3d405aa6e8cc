#include "pipelines/site_feddc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "models/state/arithmetic.h"

namespace consilium::pipelines {
namespace {

constexpr float kSinglePrecision = 1e-5F;

ModelState model(float value) { return {{{"w", "trunk", {1}, {value}}}}; }
float value_of(const ModelState& state) { return state.tensors.at(0).values.at(0); }

TEST(SiteFedDc, TheFirstRoundIsPulledTowardsTheGlobalModelAlone) {
  const TemporaryFolder folder;
  const models::LocalTerms terms = SiteFedDc(0.1, folder.path()).terms(model(3), 0);
  EXPECT_EQ(terms.proximal_mu, 0.1);
  EXPECT_EQ(value_of(terms.anchor), 3);
  EXPECT_TRUE(terms.shift.tensors.empty());
}

TEST(SiteFedDc, ASiteSendsItsStepAndItsDrift) {
  const TemporaryFolder folder;
  const SiteFedDc site(0.1, folder.path());
  EXPECT_NEAR(value_of(site.update(model(1), 0, model(3), 1)), 2 + 2, kSinglePrecision) << "h = 0 + 2";
  EXPECT_NEAR(value_of(site.update(model(5), 1, model(4), 1)), -1 + 1, kSinglePrecision) << "h = 2 - 1";
  EXPECT_NEAR(value_of(site.terms(model(7), 2).anchor), 7 - 1, kSinglePrecision) << "w - h";
}

/// g is in no message: the site works it out from two global models in a row.
TEST(SiteFedDc, SitesWorkOutTheMeanStepFromTheGlobalModels) {
  const TemporaryFolder folder;
  const std::vector<SiteFedDc> sites{{0.1, folder.path() / "a"}, {0.1, folder.path() / "b"}};
  const float steps[3][2] = {{2, -1}, {0.5F, 3}, {-2, -1}};
  const float step_size = 0.5F;
  float w = 1;
  for (std::int64_t round = 0; round < 3; ++round) {
    float mean = 0, sent = 0;
    for (int n = 0; n < 2; ++n) {
      const float step = steps[round][n];
      mean += step / 2;
      sent += value_of(sites[static_cast<std::size_t>(n)].update(model(w), round, model(w + step), step_size)) / 2;
    }
    w += sent;
    for (int n = 0; n < 2; ++n) {
      const models::LocalTerms terms = sites[static_cast<std::size_t>(n)].terms(model(w), round + 1);
      EXPECT_NEAR(value_of(terms.shift), (steps[round][n] - mean) / step_size, kSinglePrecision) << "(g_k - g) / (eta tau) in round " << round + 1;
    }
  }
}

/// Two parabolas, curvatures 1 and 3, minima 0 and 4: the mean's minimum is 3.
TEST(SiteFedDc, DriftCorrectionFindsTheMinimumOfTheMean) {
  const TemporaryFolder folder;
  const double curvature[] = {1, 3}, minimum[] = {0, 4}, rate = 0.05;
  constexpr int kSteps = 10;
  float w = 1;
  for (std::int64_t round = 0; round < 100; ++round) {
    float sent = 0;
    for (int n = 0; n < 2; ++n) {
      const SiteFedDc site(0.5, folder.path() / std::to_string(n));
      const models::LocalTerms terms = site.terms(model(w), round);
      const double shift = terms.shift.tensors.empty() ? 0 : static_cast<double>(value_of(terms.shift));
      double y = w;
      for (int step = 0; step < kSteps; ++step)
        y -= rate * (curvature[n] * (y - minimum[n]) + terms.proximal_mu * (y - static_cast<double>(value_of(terms.anchor))) + shift);
      sent += value_of(site.update(model(w), round, model(static_cast<float>(y)), rate * kSteps)) / 2;
    }
    w += sent;
  }
  EXPECT_NEAR(w, 3, 1e-3);
}

TEST(SiteFedDc, ARepeatedRoundGivesTheSameUpdate) {
  const TemporaryFolder folder;
  const SiteFedDc site(0.1, folder.path());
  for (std::int64_t round = 0; round < 4; ++round) {
    const auto w = static_cast<float>(round);
    const ModelState first = site.update(model(w), round, model(2 * w + 1), 1);
    EXPECT_EQ(site.update(model(w), round, model(2 * w + 1), 1), first) << "round " << round;
  }
}

}  // namespace
}  // namespace consilium::pipelines
