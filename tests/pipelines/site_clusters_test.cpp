#include "pipelines/site_clusters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "models/state/arithmetic.h"
#include "models/state/clusters.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

constexpr float kPoison = 77;  // the loss of a model of this value is not a number

ModelState model(float value) { return {{{"body", "trunk", {1}, {0}}, {"head", "head", {2}, {value, value}}}}; }
ModelState joined(const std::vector<float>& values, const std::vector<std::size_t>& own = {0, 1}) {
  std::vector<ModelState> models;
  for (const float value : values) models.push_back(model(value));
  return join_clusters(models, own);
}
double head_of(const ModelState& plain) { return static_cast<double>(plain.tensors.at(1).values.at(0)); }
double head_of(const ModelState& all, std::int64_t cluster) { return head_of(cluster_of(all, cluster)); }

/// A site whose loss is (head - target)^2, and that goes half of the way to its minimum in each round: SiteTrainer's part with a toy in the place of the network.
class ParabolaTrainer : public fl::Trainer {
 public:
  ParabolaTrainer(std::string site, double target, ClusterSettings settings, fs::path folder) : target_(target), settings_(settings), clusters_(settings, /*seed=*/1, std::move(site), std::move(folder)) {}

  double loss(const ModelState& plain) const { return head_of(plain) == kPoison ? std::numeric_limits<double>::quiet_NaN() : std::pow(head_of(plain) - target_, 2); }
  double own_loss(const ModelState& global, std::int64_t trainings) const { return loss(is_clustered(settings_) ? cluster_of(global, clusters_.chosen(trainings).value()) : global); }

  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override {
    if (plan.round == 0) return {};
    if (is_clustered(settings_)) choose(plan, global);
    return {1 / (1 + own_loss(global, plan.round)), 1};
  }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override {
    const ModelState start = is_clustered(settings_) ? cluster_of(global, choose(plan, global)) : global;
    ModelState delta = zeros_like(start);
    for (float& value : delta.tensors[1].values) value = static_cast<float>(0.5 * (target_ - head_of(start)));
    delta.tensors[0].values[0] = 1;
    fl::Update update;
    update.delta = is_clustered(settings_) ? clusters_.update(delta, global, plan.round) : delta;
    for (const NamedTensor& tensor : update.delta.tensors) update.cases_per_group[tensor.group] = 1;
    return update;
  }

 private:
  std::int64_t choose(const fl::RoundPlan& plan, const ModelState& global) const {
    return clusters_.choose(global, plan.round, plan.base_digest, [&](const ModelState& plain) { return loss(plain); });
  }

  double target_;
  ClusterSettings settings_;
  SiteClusters clusters_;
};

/// Five sites of two populations that want opposite things: a, b and c +1, d and e -1.
class SiteClustersTest : public testing::Test {
 protected:
  fl::FinishedRun run(const std::string& name, const ModelState& start, const ClusterSettings& settings, std::int64_t stop_after = -1) {
    sites.clear();
    std::vector<std::pair<std::string, fl::Trainer*>> trainers;
    for (const auto& [site, target] : std::vector<std::pair<std::string, double>>{{"a", 1}, {"b", 1}, {"c", 1}, {"d", -1}, {"e", -1}}) {
      sites.push_back(std::make_unique<ParabolaTrainer>(site, target, settings, folder.path() / name / site));
      trainers.emplace_back(site, sites.back().get());
    }
    federation.sites = {"a", "b", "c", "d", "e"};
    return fl::run_in_process(federation, start, trainers, folder.path() / name, [&](const fl::RoundReport& report) {
      if (report.round == stop_after) throw Error(ErrorCode::kInterrupted, "killed");
    });
  }
  double mean_loss(const fl::FinishedRun& run) const {
    double sum = 0;
    for (const auto& site : sites) sum += site->own_loss(run.state.global, federation.rounds) / static_cast<double>(sites.size());
    return sum;
  }

  TemporaryFolder folder;
  fl::FederationSettings federation{.sites = {}, .rounds = 12};
  std::vector<std::unique_ptr<ParabolaTrainer>> sites;
};

TEST_F(SiteClustersTest, TwoPopulationsGetAModelEach) {
  const double one_model = mean_loss(run("fedavg", model(0), {}));
  const fl::FinishedRun clustered = run("ifca", joined({0.01F, -0.01F}), {.count = 2});
  EXPECT_GT(one_model, 0.9) << "the mean of opposite wishes is nobody's";
  EXPECT_LT(mean_loss(clustered), 1e-6);
  EXPECT_NEAR(head_of(clustered.state.global, 0), 1, 1e-3);
  EXPECT_NEAR(head_of(clustered.state.global, 1), -1, 1e-3);
}

/// One model after all rounds in which it is shared, and then two.
TEST_F(SiteClustersTest, AfterSharedRoundsSitesAreDrawnAndThenChoose) {
  const fl::FinishedRun clustered = run("shared", joined({0, 0}), {.count = 2, .shared_rounds = 3});
  const auto cluster = [&](const char* site, std::int64_t round) { return SiteClusters({.count = 2, .shared_rounds = 3}, 1, site, folder.path() / "shared" / site).chosen(round).value(); };
  for (const char* site : {"a", "b", "c", "d", "e"}) EXPECT_EQ(cluster(site, 2), 0) << site;
  const std::vector<std::int64_t> drawn{cluster("a", 3), cluster("b", 3), cluster("c", 3), cluster("d", 3), cluster("e", 3)};
  EXPECT_THAT(drawn, testing::Contains(0));
  EXPECT_THAT(drawn, testing::Contains(1)) << "with this seed";
  EXPECT_LT(mean_loss(clustered), 1e-3);
  federation.rounds = 3;
  const ModelState shared = run("three", joined({0, 0}), {.count = 2, .shared_rounds = 3}).state.global;
  for (std::int64_t k = 0; k < 2; ++k) EXPECT_EQ(cluster_of(shared, k), run("fedavg", model(0), {}).state.global) << "FedAvg's, bit for bit";
}

TEST_F(SiteClustersTest, SharedTensorsAreAveragedOverAllSites) {
  const fl::FinishedRun clustered = run("weights", joined({0.01F, -0.01F}, {1}), {.count = 2, .tensors = {"head"}});
  EXPECT_EQ(clustered.state.global.tensors.size(), 3U);
  EXPECT_LT(mean_loss(clustered), 1e-6);
  for (std::int64_t k = 0; k < 2; ++k) EXPECT_EQ(cluster_of(clustered.state.global, k).tensors[0].values[0], 12) << "one step of 1 in every round, whichever cluster";
}

TEST_F(SiteClustersTest, AClusterThatNobodyChoosesKeepsItsWeights) {
  const fl::FinishedRun clustered = run("empty", joined({0.01F, 100, -0.01F}), {.count = 3});
  EXPECT_EQ(cluster_of(clustered.state.global, 1), model(100));
  EXPECT_LT(mean_loss(clustered), 1e-6);
}

TEST_F(SiteClustersTest, ALossThatIsNoNumberIsNeverTheLeast) {
  const fl::FinishedRun clustered = run("poison", joined({kPoison, 0.01F, -0.01F}), {.count = 3});
  EXPECT_EQ(cluster_of(clustered.state.global, 0), model(kPoison));
  EXPECT_LT(mean_loss(clustered), 1e-6);
  const SiteClusters alone({.count = 2}, 1, "a", folder.path() / "alone");
  EXPECT_THAT(test::refusal(ErrorCode::kUnexpected, [&] { alone.choose(joined({1, 2}), 4, "", [](const ModelState&) { return std::numeric_limits<double>::infinity(); }); }), HasSubstr("after 4 rounds"));
}

TEST_F(SiteClustersTest, EqualLossesTakeTheLowestNumber) {
  const SiteClusters clusters({.count = 3}, 1, "a", folder.path() / "a");
  EXPECT_EQ(clusters.choose(joined({5, 1, 1}), 0, "", [](const ModelState& plain) { return head_of(plain); }), 1);
}

TEST_F(SiteClustersTest, ARunThatWasKilledEndsWithTheSameBytes) {
  const ClusterSettings settings{.count = 2, .shared_rounds = 2};
  const ModelState start = joined({0, 0});
  federation.rounds = 6;
  const fl::FinishedRun whole = run("whole", start, settings), again = run("again", start, settings);
  EXPECT_EQ(digest(again.state.global), digest(whole.state.global)) << "same seed, same bytes";
  for (const std::int64_t killed_after : {1, 3}) {
    const std::string name = "killed_" + std::to_string(killed_after);
    EXPECT_THROW(run(name, start, settings, killed_after), Error);
    const fl::FinishedRun resumed = run(name, start, settings);
    EXPECT_EQ(digest(resumed.state.global), digest(whole.state.global)) << name;
    EXPECT_EQ(resumed.state.best_round, whole.state.best_round);
  }
}

TEST_F(SiteClustersTest, AChoiceIsMadeOnceForEachModel) {
  int asked = 0;
  const SiteClusters clusters({.count = 2}, 1, "a", folder.path() / "a");
  const auto loss = [&](const ModelState& plain) { return ++asked, head_of(plain); };
  EXPECT_EQ(clusters.choose(joined({2, 1}), 3, "digest", loss), 1);
  EXPECT_EQ(clusters.choose(joined({2, 1}), 3, "digest", loss), 1);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(clusters.choose(joined({1, 2}), 3, "another", loss), 0);
  EXPECT_EQ(clusters.choose(joined({2, 1}), 4, "digest", loss), 1);
  EXPECT_EQ(asked, 6);
  EXPECT_EQ(clusters.chosen(9), 1);
  EXPECT_EQ(clusters.chosen(3), 0);
  EXPECT_FALSE(clusters.chosen(2).has_value());
  EXPECT_FALSE(clusters.goes_on(4)) << "another cluster than in round 3";
  clusters.choose(joined({2, 1}), 5, "third", loss);
  EXPECT_TRUE(clusters.goes_on(5));
}

TEST_F(SiteClustersTest, AModelOfAnotherNumberOfClustersIsRefused) {
  const SiteClusters clusters({.count = 2}, 1, "a", folder.path() / "a");
  const auto loss = [](const ModelState&) { return 1.0; };
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { clusters.choose(model(0), 0, "", loss); }), HasSubstr("holds 0 clusters, and the task asks for 2"));
  write_file(folder.path() / "a" / "cluster_after_0.json", R"({"model": "", "cluster": 7, "losses": []})");
  EXPECT_THAT(test::refusal(ErrorCode::kCorruptData, [&] { clusters.chosen(0); }), HasSubstr("names cluster 7 of 2"));
}

}  // namespace
}  // namespace consilium::pipelines
