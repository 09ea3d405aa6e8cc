#include "pipelines/simulated_ensemble.h"

#include "pipelines/federated_model.h"
#include "pipelines/modality_ensemble.h"
#include "pipelines/segment.h"

namespace consilium::pipelines {
namespace {

/// A site's cases as one member sees them, training cases first.
struct MemberCases {
  std::vector<PreparedCase> cases;
  std::size_t training = 0;
};

MemberCases cases_of_member(const SiteSplit& split, const EnsembleMember& member) {
  MemberCases own;
  for (const auto* list : {&split.train, &split.validation}) {
    for (const PreparedCase* c : *list)
      if (has_channels(*c, member.channels)) own.cases.push_back(case_of_member(*c, member));
    if (list == &split.train) own.training = own.cases.size();
  }
  return own;
}

SiteSplit split_of(const MemberCases& own) {
  SiteSplit split;
  for (std::size_t n = 0; n < own.cases.size(); ++n) (n < own.training ? split.train : split.validation).push_back(&own.cases[n]);
  return split;
}

}  // namespace

TrainedModel train_ensemble(const FederationRequest& request, const RunFederation& federate, const std::vector<SiteCases>& trained) {
  TrainedModel ensemble;
  ensemble.summary.name = ensemble.summary.kind = "ensemble";
  for (const SiteCases& site : trained) ensemble.summary.trained_on.push_back(site.site);
  for (const EnsembleMember& member : ensemble_members(request.settings.training)) {
    SimulationSettings settings = request.settings;
    settings.training = member.training;
    FederationRequest of_member{settings, request.data, request.fold, {}, request.folder / member_name(member), request.on_step, request.stop, request.rank};
    std::vector<MemberCases> cases;
    for (const auto& [name, split] : request.sites) {
      cases.push_back(cases_of_member(split, member));
      if (cases.back().training > 0) of_member.sites.emplace_back(name, split_of(cases.back()));
    }
    if (of_member.sites.empty()) continue;
    settings.quorum = 0;
    const fl::FinishedRun run = federate(of_member);
    ensemble.members[member_name(member)] = run.best;
    for (const fl::RoundReport& report : run.state.reports)
      for (const fl::SiteOutcome& site : report.sites) add_costs(site, ensemble.summary);
    ensemble.summary.steps += request.settings.training.steps;
  }
  return ensemble;
}

void write_members(const fs::path& folder, const TrainedModel& model, const TrainingSettings& settings) {
  for (const EnsembleMember& member : ensemble_members(settings))
    if (const auto best = model.members.find(member_name(member)); best != model.members.end()) write_model(folder / (member_name(member) + ".safetensors"), best->second, member.training);
}

}  // namespace consilium::pipelines
