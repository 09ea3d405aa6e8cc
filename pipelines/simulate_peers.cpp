#include "pipelines/simulate_peers.h"

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "fl/peers/peer_store.h"
#include "fl/peers/run_peers_in_process.h"
#include "models/state/safetensors.h"
#include "pipelines/segment.h"
#include "pipelines/site_trainer.h"

namespace consilium::pipelines {
namespace {

fl::PeerSettings peer_settings(const FederationRequest& request) {
  const fl::FederationSettings federation = federation_settings(request);
  fl::PeerSettings settings{.topology = request.settings.topology, .peers = federation.sites, .rounds = federation.rounds, .deadline_seconds = federation.deadline_seconds, .aggregation = federation.aggregation, .task = federation.task};
  if (request.settings.quorum > 0) settings.quorum = std::max(federation.quorum, quorum_of(settings));
  settings.late = federation.policy.late;
  return settings;
}

/// The mean of all models, every site alike, summed in float64 in the order of names.
ModelState mean_of(const std::map<std::string, fl::PeerRecord>& records) {
  ModelState mean = records.begin()->second.run.global;
  for (std::size_t t = 0; t < mean.tensors.size(); ++t)
    for (std::size_t n = 0; n < mean.tensors[t].values.size(); ++n) {
      double sum = 0;
      for (const auto& [site, record] : records) sum += static_cast<double>(record.run.global.tensors[t].values[n]);
      mean.tensors[t].values[n] = static_cast<float>(sum / static_cast<double>(records.size()));
    }
  return mean;
}

/// One history out of the peers' own: what each says of itself.
std::vector<fl::RoundReport> reports_of_all(const std::map<std::string, fl::PeerRecord>& records) {
  std::map<std::int64_t, fl::RoundReport> rounds;
  for (const auto& [name, record] : records)
    for (const fl::RoundReport& report : record.run.reports) {
      fl::RoundReport& common = rounds[report.round];
      common.round = report.round;
      const auto own = std::find_if(report.sites.begin(), report.sites.end(), [&](const fl::SiteOutcome& site) { return site.site == name; });
      if (own == report.sites.end()) continue;
      const double score = common.validation * static_cast<double>(common.validation_cases) + own->validation.score * static_cast<double>(own->validation.cases);
      common.validation_cases += own->validation.cases;
      if (common.validation_cases > 0) common.validation = score / static_cast<double>(common.validation_cases);
      common.sites.push_back(*own);
    }
  std::vector<fl::RoundReport> reports;
  for (auto& [round, report] : rounds) reports.push_back(std::move(report));
  return reports;
}

}  // namespace

fs::path peer_model_file(const FederationRequest& request, const std::string& site) { return request.folder / "sites" / site / "model.safetensors"; }

fl::FinishedRun federate_peers(const FederationRequest& request) {
  const fl::PeerSettings settings = peer_settings(request);
  std::vector<std::unique_ptr<SiteTrainer>> trainers;
  std::map<std::string, fl::Trainer*> by_site;
  std::map<std::string, std::unique_ptr<fl::PeerStore>> stores;
  std::map<std::string, fl::PeerRecord> start;
  for (const auto& [name, split] : request.sites) {
    if (split.train.empty()) continue;
    const fs::path folder = request.folder / "sites" / name;
    trainers.push_back(std::make_unique<SiteTrainer>(name, split, trainer_folder(folder), request.on_step, request.settings.training.device));
    by_site[name] = trainers.back().get();
    stores[name] = std::make_unique<fl::PeerStore>(folder / "peer", settings, name);
    if (auto record = stores[name]->load()) start[name] = std::move(*record);
  }
  const fl::PeerRun run = run_peers_in_process(settings, federation_start(request), by_site, {}, start,
                                               [&](const std::string& name, const fl::PeerRecord& record) { stores.at(name)->save(record); });
  for (const std::string& event : run.events) log_line(event);
  const fl::PeerRecord& first = run.records.begin()->second;
  if (settings.topology != fl::Topology::kGossip) return {first.run, first.best};
  for (const auto& [name, record] : run.records) write_model(peer_model_file(request, name), record.run.global, request.settings.training);
  fl::FinishedRun finished{first.run, mean_of(run.records)};
  finished.state.global = finished.best;
  finished.state.best_round = settings.rounds;
  finished.state.reports = reports_of_all(run.records);
  return finished;
}

}  // namespace consilium::pipelines
