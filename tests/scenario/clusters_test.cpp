#include "fl/run_in_process.h"
#include "models/state/clusters.h"
#include "models/state/safetensors.h"
#include "pipelines/cluster_models.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using test::wait_until;
using testing::HasSubstr;

/// A clustered federation of real processes.
class Clusters : public test::TinyFederation {
 protected:
  static Json clustered() {
    Json json = training(kRounds, /*steps_per_round=*/10);
    json["clusters"] = {{"count", 2}, {"shared_rounds", 1}, {"loss_batches", 2}};
    return json;
  }
  Clusters() { make({"east", "west"}, clustered()); }

  /// What the federation comes to in one process, when nothing happens to it.
  ModelState undisturbed() const {
    const auto settings = pipelines::parse_training_settings(clustered(), "training");
    std::vector<std::vector<pipelines::PreparedCase>> cases;
    for (const std::string& name : sites) cases.push_back(pipelines::prepare_site(path("data/" + name), settings, imaging::label_scheme("brats2023")));
    std::vector<std::unique_ptr<pipelines::SiteTrainer>> trainers;
    std::vector<std::pair<std::string, fl::Trainer*>> pairs;
    for (std::size_t n = 0; n < sites.size(); ++n) {
      trainers.push_back(std::make_unique<pipelines::SiteTrainer>(sites[n], pipelines::split_by_folders(cases[n], sites[n], settings), path("calm/" + sites[n])));
      pairs.emplace_back(sites[n], trainers.back().get());
    }
    const fl::FederationSettings federation{.sites = sites, .rounds = settings.rounds, .task = to_json(settings).dump()};
    return fl::run_in_process(federation, pipelines::federation_start(settings, pipelines::initial_model(settings).state()), pairs, path("calm/hub")).best;
  }
};

TEST_F(Clusters, SitesEndWithTheirClustersModelAlsoAfterAKill) {
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_TRUE(wait_until([&] { return says(*east, "round 3 of 3: training"); }, 150)) << east->err() << hub->err();
  east->signal(SIGKILL);
  EXPECT_EQ(east->wait(), -SIGKILL);
  east = site("east");
  EXPECT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  const ModelState best = read_safetensors(path("hub/model.safetensors")).state;
  EXPECT_EQ(cluster_count(best), 2);
  EXPECT_EQ(best, undisturbed());
  for (const std::string& name : sites) {
    const ModelFile own = read_safetensors(path("state/" + name + "/model.safetensors"));
    const std::string cluster = own.metadata.at(pipelines::kClusterKey);
    EXPECT_EQ(own.state, cluster_of(best, std::stoi(cluster))) << name;
    EXPECT_EQ(read_file(path("hub/model_cluster_" + cluster + ".safetensors")), read_file(path("state/" + name + "/model.safetensors"))) << name;
  }
  ok({"predict", "-m", path("state/east/model.safetensors"), path("data/east"), "-o", path("out")});
  const test::Outcome joined = run({"predict", "-m", path("hub/model.safetensors"), path("data/east"), "-o", path("out")});
  EXPECT_NE(joined.code, 0);
  EXPECT_THAT(joined.err, HasSubstr("the models of 2 clusters side by side"));
}

}  // namespace
}  // namespace consilium
