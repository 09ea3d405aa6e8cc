#include "fl/aggregate/robust_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

const char* const kFile = "oracles/algorithms.json";
using Vectors = std::vector<std::vector<double>>;

Gram gram_of(const Vectors& vectors) {
  Gram gram(vectors.size());
  for (std::size_t i = 0; i < vectors.size(); ++i)
    for (std::size_t j = 0; j < vectors.size(); ++j) gram.at(i, j) = std::inner_product(vectors[i].begin(), vectors[i].end(), vectors[j].begin(), 0.0);
  return gram;
}

std::vector<double> combined(const Vectors& vectors, const std::vector<double>& coefficients) {
  std::vector<double> sum(vectors[0].size(), 0);
  for (std::size_t k = 0; k < vectors.size(); ++k)
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += coefficients[k] * vectors[k][i];
  return sum;
}

std::vector<double> equal(std::size_t count) { return std::vector<double>(count, 1.0 / static_cast<double>(count)); }

TEST(RobustWeights, KrumScoresAreTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "krum_scores");
  const Vectors updates = oracle["input"]["updates"];
  EXPECT_THAT(krum_scores(gram_of(updates), oracle["input"]["f"]), Pointwise(DoubleNear(1e-9), oracle["expected"]["scores"].get<std::vector<double>>()));
  EXPECT_EQ(multi_krum(gram_of(updates), 1, 1)[oracle["expected"]["selected_index"].get<std::size_t>()], 1);
}

TEST(RobustWeights, MultiKrumIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "multikrum_m3");
  const Vectors updates = oracle["input"]["updates"];
  const auto coefficients = multi_krum(gram_of(updates), oracle["input"]["f"], oracle["input"]["m"]);
  EXPECT_THAT(combined(updates, coefficients), Pointwise(DoubleNear(1e-9), oracle["expected"]["mean"].get<std::vector<double>>()));
}

TEST(RobustWeights, TheGeometricMedianOfALineIsItsMedian) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "rfa_collinear");
  const Vectors updates = oracle["input"]["updates"];
  EXPECT_NEAR(combined(updates, geometric_median(gram_of(updates), 200))[0], oracle["expected"][0].get<double>(), 1e-4);
}

TEST(RobustWeights, TheGeometricMedianIsHardlyMovedByOneFarAway) {
  Vectors updates{{1, 1}, {1.2, 0.9}, {0.8, 1.15}, {1, 1.3}, {1e6, -1e6}};
  const auto moved = combined(updates, geometric_median(gram_of(updates), 32));
  EXPECT_NEAR(moved[0], 1, 0.3);
  EXPECT_NEAR(moved[1], 1.1, 0.3);
}

TEST(RobustWeights, TrustIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "fltrust");
  Vectors updates = oracle["input"]["clients"];
  updates.push_back(oracle["input"]["server_update"]);
  EXPECT_THAT(combined(updates, fl_trust(gram_of(updates), 3)), Pointwise(DoubleNear(1e-12), oracle["expected"]["agg"].get<std::vector<double>>()));
}

TEST(RobustWeights, WhereNobodyIsTrustedNothingMoves) { EXPECT_THAT(fl_trust(gram_of({{-1, 0}, {1, 0}}), 1), ElementsAre(0, 0)); }

TEST(RobustWeights, TheNormBoundIsTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "norm_bound");
  const Vectors updates = oracle["input"]["updates"];
  const std::vector<double> shares = oracle["input"]["weights"];
  EXPECT_THAT(combined(updates, norm_bounded(gram_of(updates), shares, oracle["input"]["M"])), Pointwise(DoubleNear(1e-12), oracle["expected"].get<std::vector<double>>()));
}

TEST(RobustWeights, WithoutABoundItIsTheMedianOfTheLengths) {
  EXPECT_THAT(norm_bounded(gram_of({{1}, {2}, {1000}}), equal(3), 0), ElementsAre(DoubleNear(1.0 / 3, 1e-15), DoubleNear(1.0 / 3, 1e-15), DoubleNear(2.0 / 1000 / 3, 1e-15)));
}

/// Multi-Krum elsewhere weighs the updates that it keeps by the cases that their senders claim.
TEST(RobustWeights, KrumLooksAtNoClaimedNumberOfCases) {
  const auto coefficients = multi_krum(gram_of({{1, 1}, {1.2, 0.9}, {0.8, 1.15}, {1, 1.3}, {10, -10}}), 1, 3);
  EXPECT_THAT(coefficients, ElementsAre(1.0 / 3, 0, 1.0 / 3, 1.0 / 3, 0));
}

TEST(RobustWeights, SybilsAreTheOracles) {
  if (consilium::test::is_absent(kFile)) GTEST_SKIP() << consilium::test::kNeedsShared << kFile;
  const Json oracle = consilium::test::oracle("algorithms", "foolsgold_two_sybils");
  EXPECT_THAT(fools_gold(gram_of(oracle["input"]["history"])), Pointwise(DoubleNear(1e-3), oracle["expected"].get<std::vector<double>>()));
}

TEST(RobustWeights, ASiteAloneCountsAndTwoThatAreOneDoNot) {
  EXPECT_THAT(fools_gold(gram_of({{3, 4}})), ElementsAre(1));
  EXPECT_THAT(fools_gold(gram_of({{3, 4}, {6, 8}})), ElementsAre(0, 0));
  EXPECT_THAT(fools_gold(gram_of({{1, 0}, {-1, 0}})), ElementsAre(1, 1));
  EXPECT_THAT(fools_gold(gram_of({{1, 0}, {0, 0}})), ElementsAre(1, 1));
}

TEST(RobustWeights, TooFewUpdatesAreRefused) {
  EXPECT_THROW(krum_scores(gram_of({{1}, {2}, {3}, {4}}), 1), Error);
  EXPECT_THROW(bulyan_choice(gram_of({{1}, {2}, {3}, {4}, {5}, {6}}), 1), Error);
}

TEST(RobustWeights, BulyanLeavesOutWhoIsFar) {
  const auto chosen = bulyan_choice(gram_of({{100}, {2}, {2.1}, {1.9}, {2.05}, {1.95}, {2.02}}), 1);
  EXPECT_EQ(chosen.size(), 5U);
  EXPECT_EQ(std::count(chosen.begin(), chosen.end(), 0U), 0);
}

TEST(RobustWeights, SharesAreCappedAndSumToOne) {
  const auto shares = capped_shares(std::vector<double>{90, 5, 5, 0}, 1.6);
  EXPECT_THAT(shares, ElementsAre(DoubleNear(0.4, 1e-12), DoubleNear(0.3, 1e-12), DoubleNear(0.3, 1e-12), 0));
  EXPECT_THAT(capped_shares(std::vector<double>{98, 1, 1}, 1), ElementsAre(DoubleNear(1.0 / 3, 1e-12), DoubleNear(1.0 / 3, 1e-12), DoubleNear(1.0 / 3, 1e-12)));
  EXPECT_THAT(capped_shares(std::vector<double>{2, 1, 1}, 3), ElementsAre(0.5, 0.25, 0.25));
}

}  // namespace
}  // namespace consilium::fl
