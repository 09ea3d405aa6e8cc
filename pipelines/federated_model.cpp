#include "pipelines/federated_model.h"

#include <map>
#include <string>

#include "models/state/clusters.h"
#include "models/state/control_variates.h"

namespace consilium::pipelines {
namespace {

/// What the sites said of the model of each round.
std::map<std::string, std::vector<std::int64_t>> clusters_of_rounds(const std::vector<fl::RoundReport>& reports) {
  std::map<std::string, std::vector<std::int64_t>> clusters;
  for (const fl::RoundReport& report : reports)
    for (const fl::SiteOutcome& site : report.sites) {
      const auto said = site.metrics.find("cluster");
      const bool own = site.participation == fl::Participation::kAccepted && said != site.metrics.end() && said->second >= 0 && said->second < kMostClusters;
      clusters[site.site].push_back(own ? static_cast<std::int64_t>(said->second) : -1);
    }
  return clusters;
}

}  // namespace

void add_costs(const fl::SiteOutcome& site, ModelSummary& summary) {
  for (const auto& [metric, total] : {std::pair{"seconds", &summary.seconds}, std::pair{"upload_bytes", &summary.upload_bytes}, std::pair{"raw_bytes", &summary.raw_bytes}})
    if (const auto found = site.metrics.find(metric); found != site.metrics.end()) *total += found->second;
}

TrainedModel federated_model(const fl::FinishedRun& run, const SimulationSettings& settings, std::size_t most_cases) {
  const fl::RunState& state = run.state;
  const auto steps_after = [&](std::int64_t rounds) {
    if (rounds == 0) return std::int64_t{0};
    const models::StepRange last = steps_of_round(settings.training, rounds - 1, most_cases);
    return last.first + last.count;
  };
  TrainedModel model{without_control_variates(run.best), {}, {}};
  model.summary.name = model.summary.kind = "federated";
  for (const SimulatedSite& site : settings.sites) model.summary.trained_on.push_back(site.name);
  model.summary.steps = steps_after(settings.training.rounds);
  model.summary.best_round = state.best_round;
  if (is_clustered(settings.training.clusters)) model.summary.clusters = clusters_of_rounds(state.reports);
  double loss = 0;
  for (const fl::RoundReport& report : state.reports) {
    // A report holds the validation of the model the round started from, and the loss of the training that followed.
    CurvePoint point{report.round, steps_after(report.round), loss, {}};
    double cases = 0;
    loss = 0;
    for (const fl::SiteOutcome& site : report.sites) {
      add_costs(site, model.summary);
      if (const auto found = site.metrics.find("epsilon"); found != site.metrics.end() && is_private(settings.training.privacy)) {
        model.summary.epsilon[site.site] = found->second;
        model.summary.delta = settings.training.privacy.delta;
      }
      if (site.validation.cases > 0) point.validation[site.site] = site.validation.score;
      if (const auto found = site.metrics.find("loss"); found != site.metrics.end()) loss += found->second * static_cast<double>(site.cases), cases += static_cast<double>(site.cases);
    }
    if (cases > 0) loss /= cases;
    // Where updates are protected, this is known of all sites together.
    if (const auto sum = report.sums.find("loss"); sum != report.sums.end()) loss = sum->second;
    if (point.validation.empty() && report.validation_cases > 0) point.validation["all sites"] = report.validation;
    if (report.round > 0) model.summary.curve.push_back(point);
  }
  return model;
}

}  // namespace consilium::pipelines
