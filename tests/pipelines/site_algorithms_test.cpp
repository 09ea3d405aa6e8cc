#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/run_in_process.h"
#include "models/state/clusters.h"
#include "models/state/control_variates.h"
#include "pipelines/segment.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/tensor_patterns.h"
#include "pipelines/train_model.h"
#include "tests/support/refusal.h"
#include "tests/support/tiny_site.h"
#include "tests/support/tiny_training.h"

namespace consilium::pipelines {
namespace {

/// What a site does beside plain local steps, with real training of a tiny network.
class SiteAlgorithmsTest : public testing::Test {
 protected:
  SiteAlgorithmsTest() {
    test::write_tiny_site(folder.path() / "site", "p", 3, 0, 11);
    cases = prepare_site(folder.path() / "site", settings, imaging::label_scheme("brats2023"));
  }
  SiteTrainer trainer(const std::string& state) const { return {"east", split_by_folders(cases, "site", settings), folder.path() / state}; }
  fl::RoundPlan plan(std::int64_t round) const { return {round, settings.rounds, "", to_json(settings).dump()}; }
  void use_sgd(double momentum) {
    settings.fit.optimiser.kind = models::OptimiserKind::kSgd;
    settings.fit.optimiser.momentum = momentum;
  }

  TemporaryFolder folder;
  TrainingSettings settings = parse_training_settings(test::tiny_training(12, 3), "tiny");
  std::vector<PreparedCase> cases;
  ModelState global = initial_model(settings).state();
};

ModelState moved(const ModelState& global, const fl::Update& update) {
  ModelState next = global;
  for (NamedTensor& tensor : next.tensors)
    for (const NamedTensor& delta : update.delta.tensors)
      if (delta.name == tensor.name)
        for (std::size_t n = 0; n < tensor.values.size(); ++n) tensor.values[n] += delta.values[n];
  return next;
}

const NamedTensor& tensor_of(const ModelState& state, const std::string& name) {
  for (const NamedTensor& tensor : state.tensors)
    if (tensor.name == name) return tensor;
  throw std::out_of_range(name);
}

/// Killed in each round after its training, before its update was sent: the next process trains it again.
TEST_F(SiteAlgorithmsTest, ARepeatedRoundGivesTheSameBytesUnderEveryAlgorithm) {
  const std::map<std::string, std::function<void()>> algorithms{
      {"scaffold", [&] { settings.local.control_variates = ControlVariates::kMeanGradient; }},
      {"scaffold, option 2", [&] { use_sgd(0), settings.local.control_variates = ControlVariates::kOption2; }},
      {"feddc", [&] { use_sgd(0.9), settings.local.feddc_alpha = 0.1; }},
      {"ditto", [&] { settings.local.ditto_lambda = 0.1; }},
      {"fedrep", [&] { settings.personal = {"output_block.*"}, settings.local.head_share = 0.5; }},
      {"ifca", [&] { settings.clusters = {.count = 2, .loss_batches = 2}; }},
      {"ifca, shared at first", [&] { settings.clusters = {.count = 3, .tensors = {"output_block.*"}, .shared_rounds = 1, .loss_batches = 2}; }},
      {"epochs", [&] { settings.local.epochs = 2; }},
      {"loss", [&] { settings.local.loss_batches = 2; }}};
  const TrainingSettings plain = settings;
  for (const auto& [name, choose] : algorithms) {
    settings = plain;
    choose();
    ModelState at = federation_start(settings, global);
    for (std::int64_t round = 0; round < 3; ++round) {
      const fl::Update update = trainer(name).train(plan(round), at);
      const fl::Update again = trainer(name).train(plan(round), at);
      EXPECT_EQ(digest(again.delta), digest(update.delta)) << name << ", round " << round;
      EXPECT_EQ(model_at_site(settings, folder.path() / name, at, round), model_at_site(settings, folder.path() / name, at, round)) << name;
      at = moved(at, update);
    }
  }
}

TEST_F(SiteAlgorithmsTest, ScaffoldSendsTheChangeOfItsControlVariate) {
  settings.local.control_variates = ControlVariates::kMeanGradient;
  const ModelState start = federation_start(settings, global);
  const fl::Update update = trainer("a").train(plan(0), start);
  require_same_layout(start, update.delta);
  EXPECT_EQ(update.cases_per_group.at(kControlGroup), 2);
  const ModelState control = control_variates_of(update.delta), kept = *RoundMemory(folder.path() / "a", "control").before(1);
  for (std::size_t n = 0; n < control.tensors.size(); ++n) EXPECT_EQ(control.tensors[n].values, kept.tensors[n].values) << "the first change is from zero";
}

/// For plain SGD with a constant rate and no bound reached, the way that was gone is tau eta times the mean gradient.
TEST_F(SiteAlgorithmsTest, TheRecordedGradientIsOptionTwosForPlainSgd) {
  use_sgd(0);
  settings.fit.optimiser.weight_decay = 0;
  settings.fit.optimiser.poly_power = 0;
  const auto change = [&](ControlVariates kind, const std::string& name) {
    settings.local.control_variates = kind;
    return control_variates_of(trainer(name).train(plan(0), federation_start(settings, global)).delta);
  };
  const ModelState recorded = change(ControlVariates::kMeanGradient, "a"), gone = change(ControlVariates::kOption2, "b");
  // w - y is a difference of float32 weights near 1, divided by 4 steps of rate 0.01.
  constexpr float kTolerance = 1e-5F;
  for (std::size_t t = 0; t < gone.tensors.size(); ++t)
    for (std::size_t n = 0; n < gone.tensors[t].values.size(); ++n)
      ASSERT_NEAR(recorded.tensors[t].values[n], gone.tensors[t].values[n], kTolerance) << gone.tensors[t].name;
}

/// A site that trains alone has c_k = c after each round, so that nothing is corrected.
TEST_F(SiteAlgorithmsTest, ASiteAloneIsNotCorrected) {
  const auto after_two_rounds = [&](const std::string& name) {
    ModelState at = federation_start(settings, global);
    for (std::int64_t round = 0; round < 2; ++round) at = moved(at, trainer(name).train(plan(round), at));
    return without_control_variates(at);
  };
  const ModelState plain = after_two_rounds("plain");
  settings.local.control_variates = ControlVariates::kMeanGradient;
  const ModelState corrected = after_two_rounds("corrected");
  constexpr float kTolerance = 1e-4F;
  for (std::size_t t = 0; t < plain.tensors.size(); ++t)
    for (std::size_t n = 0; n < plain.tensors[t].values.size(); ++n) ASSERT_NEAR(corrected.tensors[t].values[n], plain.tensors[t].values[n], kTolerance);
}

TEST_F(SiteAlgorithmsTest, DittosOwnModelStaysAtTheSiteAndTheUpdateIsFedAvgs) {
  const std::string plain = digest(trainer("plain").train(plan(0), global).delta);
  settings.local.ditto_lambda = 0.1;
  EXPECT_EQ(digest(trainer("own").train(plan(0), global).delta), plain);
  EXPECT_TRUE(has_site_models(settings));
  EXPECT_EQ(model_at_site(settings, folder.path() / "own", global, 0), global) << "not trained yet";
  const ModelState own = model_at_site(settings, folder.path() / "own", global, 1);
  require_same_layout(global, own);
  EXPECT_NE(own, global);
  const fl::Validation validation = trainer("own").validate(plan(1), global);
  EXPECT_EQ(validation.score, validation_score(to_segmenter(settings, own), split_by_folders(cases, "site", settings).validation, settings)) << "the site's own model is judged";
}

TEST_F(SiteAlgorithmsTest, ALargeLambdaHoldsDittosModelNearTheGlobalOne) {
  const auto distance = [&](double lambda, const std::string& name) {
    settings.local.ditto_lambda = lambda;
    trainer(name).train(plan(0), global);
    const ModelState own = model_at_site(settings, folder.path() / name, global, 1);
    double sum = 0;
    for (std::size_t t = 0; t < own.tensors.size(); ++t)
      for (std::size_t n = 0; n < own.tensors[t].values.size(); ++n) sum += std::pow(static_cast<double>(own.tensors[t].values[n] - global.tensors[t].values[n]), 2);
    return sum;
  };
  EXPECT_LT(distance(1000, "held"), 0.5 * distance(0.001, "free"));
}

TEST_F(SiteAlgorithmsTest, FedRepTrainsTheHeadWithAFrozenBodyFirst) {
  settings.personal = {"output_block.*"};
  settings.local.head_share = 0.5;
  const fl::Update update = trainer("rep").train(plan(0), global);
  settings.local.head_share = 0;
  const fl::Update together = trainer("per").train(plan(0), global);
  const std::string name = "output_block.conv.conv.weight";
  const ModelState rep = model_at_site(parse_training_settings(to_json(settings), "t"), folder.path() / "rep", global, 1);
  EXPECT_NE(tensor_of(rep, name).values, tensor_of(global, name).values) << "the head was trained";
  EXPECT_NE(digest(update.delta), digest(together.delta));
  EXPECT_EQ(update.step_norm, 2) << "of four steps, two are the body's";
  EXPECT_EQ(together.step_norm, 4);
}

TEST_F(SiteAlgorithmsTest, ARoundTooShortForHeadAndBodyIsRefused) {
  settings.personal = {"output_block.*"};
  settings.local.head_share = 0.1;
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { trainer("rep").train(plan(0), global); }), testing::HasSubstr("head_share"));
}

TEST_F(SiteAlgorithmsTest, EpochsMakeStepsFollowTheCases) {
  settings.local.epochs = 3;
  EXPECT_EQ(steps_of_round(settings, 0, 2).count, 3) << "3 passes over 2 cases in batches of 2";
  EXPECT_EQ(steps_of_round(settings, 2, 20).first, 60);
  EXPECT_EQ(steps_of_round(settings, 2, 20).total, 90);
  EXPECT_EQ(steps_of_round(settings, 1, 0).count, 1);
  EXPECT_EQ(trainer("a").train(plan(0), global).step_norm, 3);
  settings.local.epochs = 0;
  EXPECT_EQ(steps_of_round(settings, 0, 2).count, steps_of_round(settings, 0).count);
}

TEST_F(SiteAlgorithmsTest, AStepNormCountsMomentum) {
  use_sgd(0);
  EXPECT_EQ(trainer("plain").train(plan(0), global).step_norm, 4);
  use_sgd(0.9);
  EXPECT_GT(trainer("momentum").train(plan(0), global).step_norm, 8);
}

TEST_F(SiteAlgorithmsTest, TheLossOfTheGlobalModelIsMeasuredBeforeTraining) {
  EXPECT_FALSE(trainer("a").train(plan(0), global).metrics.contains("global_loss"));
  settings.local.loss_batches = 3;
  const fl::Update update = trainer("b").train(plan(0), global);
  EXPECT_GT(update.metrics.at("global_loss"), 0);
  settings.local.loss_batches = 0;
  EXPECT_EQ(digest(update.delta), digest(trainer("c").train(plan(0), global).delta)) << "measuring changes no training";
}

/// A site takes the model of least loss, trains that one alone, and is judged with it.
TEST_F(SiteAlgorithmsTest, AClustersUpdateIsFedAvgsOfItsModel) {
  // Training makes a model better than the one that was only drawn: the site chooses it wherever it stands.
  const ModelState good = moved(global, trainer("alone").train(plan(0), global));
  settings.clusters = {.count = 2, .loss_batches = 2};
  for (const std::int64_t place : {0, 1}) {
    std::vector<ModelState> models{global, global};
    models[static_cast<std::size_t>(place)] = good;
    const ModelState both = join_clusters(models, fitting_tensors({"*"}, global, "tensors"));
    const std::string name = "clustered_" + std::to_string(place);
    const fl::Validation validation = trainer(name).validate(plan(1), both);
    const fl::Update update = trainer(name).train(plan(1), both);
    EXPECT_EQ(update.metrics.at("cluster"), static_cast<double>(place));
    const std::string group = "cluster_" + std::to_string(place) + "/trunk";
    EXPECT_EQ(update.cases_per_group.count(group), 1U);
    EXPECT_EQ(update.cases_per_group.size(), 3U) << "stem, trunk and head of one cluster";
    EXPECT_EQ(model_at_site(settings, folder.path() / name, both, 1), good);
    const TrainingSettings clustered = settings;
    settings.clusters = {};
    EXPECT_EQ(validation, trainer("plain_" + name).validate(plan(1), good)) << "its cluster's model is judged";
    const fl::Update plain = trainer("plain_" + name).train(plan(1), good);
    settings = clustered;
    ASSERT_EQ(update.delta.tensors.size(), plain.delta.tensors.size());
    EXPECT_EQ(cluster_of(update.delta, place), plain.delta);
  }
}

/// The optimiser's memory is of another model once the site has changed its cluster.
TEST_F(SiteAlgorithmsTest, ASiteThatChangesItsClusterForgetsItsOptimisersMemory) {
  const ModelState good = moved(global, trainer("alone").train(plan(0), global));
  settings.clusters = {.count = 2, .loss_batches = 2};
  const auto joined = [&](bool first) { return join_clusters(std::vector<ModelState>{first ? good : global, first ? global : good}, fitting_tensors({"*"}, global, "tensors")); };
  trainer("stays").train(plan(0), joined(true));
  trainer("changes").train(plan(0), joined(false));
  const ModelState stays = cluster_of(trainer("stays").train(plan(1), joined(true)).delta, 0);
  const ModelState changes = cluster_of(trainer("changes").train(plan(1), joined(true)).delta, 0);
  EXPECT_NE(changes, stays);
  EXPECT_EQ(changes, cluster_of(trainer("new").train(plan(1), joined(true)).delta, 0)) << "as a site that joins late";
}

TEST_F(SiteAlgorithmsTest, ClustersStartFromOtherWeightsUnlessTheyAreSharedAtFirst) {
  settings.clusters = {.count = 3};
  const ModelState start = federation_start(settings, global);
  EXPECT_EQ(cluster_of(start, 0), global);
  EXPECT_NE(cluster_of(start, 1), global);
  EXPECT_NE(cluster_of(start, 2), cluster_of(start, 1));
  settings.clusters.shared_rounds = 1;
  for (std::int64_t k = 0; k < 3; ++k) EXPECT_EQ(cluster_of(federation_start(settings, global), k), global);
  settings.clusters.count = 1;
  EXPECT_EQ(federation_start(settings, global), global);
  settings.clusters = {.count = 2, .tensors = {"*.batch_norm.*"}};
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [&] { initial_model(settings); }), testing::HasSubstr("training.clusters.tensors"));
}

/// Coordinator and sites of one process: the same federation with one cluster, and without the setting.
TEST_F(SiteAlgorithmsTest, OneClusterIsFedAvgBitForBit) {
  const auto finished = [&](const std::string& name, const ClusterSettings& clusters) {
    settings.clusters = clusters;
    const fl::FederationSettings federation{.sites = {"east", "west"}, .rounds = settings.rounds, .task = to_json(settings).dump()};
    const SiteSplit split = split_by_folders(cases, "site", settings);
    SiteTrainer east("east", split, folder.path() / name / "east"), west("west", split, folder.path() / name / "west");
    return fl::run_in_process(federation, federation_start(settings, global), {{"east", &east}, {"west", &west}}, folder.path() / name / "coordinator");
  };
  const fl::FinishedRun plain = finished("plain", {}), one = finished("one", {.count = 1, .tensors = {"output_block.*"}, .shared_rounds = 2, .loss_batches = 3});
  EXPECT_EQ(digest(one.state.global), digest(plain.state.global));
  EXPECT_EQ(one.best, plain.best);
  const fl::FinishedRun two = finished("two", {.count = 2, .shared_rounds = 2, .loss_batches = 2});
  EXPECT_EQ(cluster_count(two.state.global), 2);
  require_same_layout(global, model_at_site(settings, folder.path() / "two" / "east", two.best, two.state.best_round));
  EXPECT_TRUE(has_site_models(settings));
  for (const fl::SiteOutcome& site : two.state.reports.back().sites) EXPECT_EQ(site.metrics.count("cluster"), 1U) << "the last look tells it too";
  settings.clusters = {};
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { to_segmenter(settings, two.best); }), testing::HasSubstr("2 clusters side by side"));
}

/// Coordinator and sites of one process, with every algorithm: the finished model is a plain one.
TEST_F(SiteAlgorithmsTest, AFederationRunsToItsEndAndItsModelHasNoControlVariates) {
  settings.local.control_variates = ControlVariates::kMeanGradient;
  fl::FederationSettings federation{.sites = {"east", "west"}, .rounds = settings.rounds, .task = to_json(settings).dump()};
  federation.aggregation.rule = fl::AggregationRule::kScaffold;
  const SiteSplit split = split_by_folders(cases, "site", settings);
  SiteTrainer east("east", split, folder.path() / "run" / "east"), west("west", split, folder.path() / "run" / "west");
  const fl::FinishedRun run = fl::run_in_process(federation, federation_start(settings, global), {{"east", &east}, {"west", &west}}, folder.path() / "run" / "coordinator");
  bool changed = false;
  for (const NamedTensor& tensor : control_variates_of(run.state.global).tensors)
    for (const float value : tensor.values) changed = changed || value != 0;
  EXPECT_TRUE(changed);
  require_same_layout(global, model_at_site(settings, folder.path() / "run" / "east", run.best, run.state.best_round));
}

}  // namespace
}  // namespace consilium::pipelines
