#include "pipelines/federation_request.h"

#include <algorithm>
#include <memory>

#include "fl/run_in_process.h"
#include "fl/transport/tensorboard_file.h"
#include "pipelines/simulate_peers.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/start_model.h"

namespace consilium::pipelines {

fl::FederationSettings federation_settings(const FederationRequest& request) {
  fl::FederationSettings federation;
  for (const auto& [name, split] : request.sites)
    if (!split.train.empty()) federation.sites.push_back(name);  // a site with one case trains in no fold that judges it
  federation.rounds = request.settings.training.rounds;
  federation.quorum = std::min<std::int64_t>(request.settings.quorum, static_cast<std::int64_t>(federation.sites.size()));
  federation.deadline_seconds = request.settings.deadline_seconds;
  federation.policy = request.settings.policy;
  federation.aggregation = request.settings.aggregation;
  federation.compression = request.settings.compression;
  federation.protection = request.settings.protection;
  federation.task = to_json(request.settings.training).dump();
  return federation;
}

SiteSplit split_site(const std::vector<PreparedCase>& cases, const SimulatedSite& site, const SimulationSettings& settings, int fold) {
  return settings.folds == 0 ? split_by_folders(cases, site.name, settings.training) : split_by_folds(cases, site.name, settings.training, fold, settings.folds);
}

ModelState federation_start(const FederationRequest& request) {
  const TrainingSettings& training = request.settings.training;
  return federation_start(training, starting_model(training, request.settings.start).state());
}

fl::FinishedRun federate_in_process(const FederationRequest& request) {
  if (request.settings.topology != fl::Topology::kCoordinator) return federate_peers(request);
  std::vector<std::unique_ptr<SiteTrainer>> trainers;
  std::vector<std::pair<std::string, fl::Trainer*>> sites;
  fl::TensorboardFile tensorboard(request.folder);
  const fl::FederationSettings settings = federation_settings(request);
  for (const auto& [name, split] : request.sites) {
    if (split.train.empty()) continue;
    trainers.push_back(std::make_unique<SiteTrainer>(name, split, trainer_folder(request.folder / "sites" / name), request.on_step, request.settings.training.device));
    sites.emplace_back(name, trainers.back().get());
  }
  return fl::run_in_process(settings, federation_start(request), sites, request.folder, {}, [&](const fl::Event& event) { tensorboard.add(event); });
}

}  // namespace consilium::pipelines
