#include "pipelines/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "base/parallel.h"
#include "base/progress.h"
#include "base/stop.h"
#include "fl/run_in_process.h"
#include "fl/transport/tensorboard_file.h"
#include "imaging/nifti/nifti.h"
#include "models/runtime.h"
#include "models/state/clusters.h"
#include "models/state/control_variates.h"
#include "models/state/safetensors.h"
#include "pipelines/cluster_models.h"
#include "pipelines/contributions.h"
#include "pipelines/cross_site.h"
#include "pipelines/ingest.h"
#include "pipelines/judge_models.h"
#include "pipelines/measure_alignment.h"
#include "pipelines/model_metadata.h"
#include "pipelines/participation.h"
#include "pipelines/segment.h"
#include "pipelines/simulate_peers.h"
#include "pipelines/simulate_statistics.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {
namespace {

using Clock = std::chrono::steady_clock;

/// Progress from several threads.
class SharedProgress {
 public:
  SharedProgress(const std::string& title, std::uint64_t total) : progress_(title, total) {}
  void advance(std::uint64_t count, const std::string& note) {
    const std::lock_guard lock(guard_);
    progress_.advance(count, note);
  }

 private:
  std::mutex guard_;
  Progress progress_;
};

struct LoadedSite {
  const SimulatedSite* site;
  std::vector<PreparedCase> cases;
  std::vector<PreparedCase> as_trained{};  ///< the same cases without the channels that the site does not own; empty: it owns all
};

/// What the site trains on has no other channels than its own; a case that has none of them is left out.
void withhold(SiteSplit& split, const LoadedSite& site) {
  if (site.as_trained.empty()) return;
  const auto own = [&](std::vector<const PreparedCase*>& cases) {
    for (const PreparedCase*& c : cases) c = &site.as_trained[static_cast<std::size_t>(c - site.cases.data())];
    std::erase_if(cases, [](const PreparedCase* c) { return is_empty(c->has); });
  };
  own(split.train);
  own(split.validation);
}

ChannelSet owned_channels(const SimulatedSite& site, const TrainingSettings& training) {
  ChannelSet owned;
  for (const std::string& channel : training.normalise.channels) owned.push_back(std::find(site.channels.begin(), site.channels.end(), channel) != site.channels.end());
  return owned;
}

std::vector<LoadedSite> load_sites(const SimulationSettings& settings, const fs::path& data, const std::atomic<bool>* stop) {
  std::size_t total = 0;
  for (const SimulatedSite& site : settings.sites) total += find_cases(data / site.folder, site.files).size();
  SharedProgress progress("reading cases", total);
  std::vector<LoadedSite> sites;
  for (const SimulatedSite& site : settings.sites)
    sites.push_back({&site, prepare_site(data / site.folder, settings.training, labels_of(site), site.files, [&](const std::string&) {
                       throw_if_stopped(stop);
                       progress.advance(1, site.name);
                     })});
  for (LoadedSite& loaded : sites)
    if (!loaded.site->channels.empty())
      for (const PreparedCase& c : loaded.cases) loaded.as_trained.push_back(with_channels_only(c, owned_channels(*loaded.site, settings.training), settings.training));
  return sites;
}

struct Job {
  std::string name, kind;
  std::vector<SiteCases> sites;
};

/// Single-site models first, then pooled, then the ensemble, then federated.
int rank_of(const std::string& kind) { return kind == "single" ? 0 : kind == "pooled" ? 1 : kind == "ensemble" ? 2 : 3; }

std::string fold_folder(const SimulationSettings& settings, int fold) { return settings.folds == 0 ? "" : "fold_" + std::to_string(fold); }

/// Single-site and pooled models of one fold, as many at a time as there are threads, each with one; what another rank has trained is read.
std::vector<TrainedModel> train_alone(const std::vector<Job>& jobs, const SimulationSettings& settings, const fs::path& folder, const Crew& crew, SharedProgress& progress, const std::atomic<bool>* stop) {
  std::vector<std::optional<TrainedModel>> models(jobs.size());
  const auto train = [&](std::size_t n) {
    models[n] = train_model(jobs[n].name, jobs[n].sites, settings.training, folder / jobs[n].name, [&](std::int64_t steps, double loss) {
      throw_if_stopped(stop);
      progress.advance(static_cast<std::uint64_t>(steps), fmt::format("{} loss {:.3f}", jobs[n].name, loss));
    });
    models[n]->summary.kind = jobs[n].kind;
  };
  const std::string claim = (fs::path("training") / folder.filename()).string();
  crew.share(claim, jobs.size(), [&](std::size_t n) { return is_trained(folder / jobs[n].name, settings.training.rounds); }, train);
  std::vector<TrainedModel> trained;
  for (std::size_t n = 0; n < jobs.size(); ++n) {
    if (!models[n]) crew.in_turn((fs::path(claim) / std::to_string(n)).string(), [&] { train(n); });
    trained.push_back(std::move(*models[n]));
  }
  return trained;
}

/// A federation per modality, of the sites that have cases with it.
TrainedModel train_ensemble(const FederationRequest& request, const RunFederation& federate, const std::vector<SiteCases>& trained) {
  TrainedModel ensemble;
  ensemble.summary.name = ensemble.summary.kind = "ensemble";
  for (const SiteCases& site : trained) ensemble.summary.trained_on.push_back(site.site);
  for (const EnsembleMember& member : ensemble_members(request.settings.training)) {
    SimulationSettings settings = request.settings;
    settings.training = member.training;
    FederationRequest of_member{settings, request.data, request.fold, {}, request.folder / member_name(member), request.on_step, request.stop, request.rank};
    std::vector<std::vector<PreparedCase>> cases;  // of every site, training cases first
    for (const auto& [name, split] : request.sites) {
      cases.emplace_back();
      std::size_t training = 0;
      for (const auto* list : {&split.train, &split.validation}) {
        for (const PreparedCase* c : *list)
          if (has_channels(*c, member.channels)) cases.back().push_back(case_of_member(*c, member));
        if (list == &split.train) training = cases.back().size();
      }
      if (training == 0) continue;
      SiteSplit own;
      for (std::size_t n = 0; n < cases.back().size(); ++n) (n < training ? own.train : own.validation).push_back(&cases.back()[n]);
      of_member.sites.emplace_back(name, std::move(own));
    }
    if (of_member.sites.empty()) continue;
    settings.quorum = 0;
    const fl::FinishedRun run = federate(of_member);
    ensemble.members[member_name(member)] = run.best;
    for (const fl::RoundReport& report : run.state.reports)
      for (const fl::SiteOutcome& site : report.sites)
        for (const auto& [metric, total] : {std::pair{"seconds", &ensemble.summary.seconds}, std::pair{"upload_bytes", &ensemble.summary.upload_bytes}, std::pair{"raw_bytes", &ensemble.summary.raw_bytes}})
          if (const auto found = site.metrics.find(metric); found != site.metrics.end()) *total += found->second;
    ensemble.summary.steps += request.settings.training.steps;
  }
  return ensemble;
}

SiteTestCases test_cases_of(const std::vector<LoadedSite>& sites, const std::vector<SiteSplit>& splits) {
  SiteTestCases cases;
  for (std::size_t n = 0; n < sites.size(); ++n) cases.emplace_back(sites[n].site->name, splits[n].test);
  return cases;
}

void write_members(const fs::path& folder, const TrainedModel& model, const TrainingSettings& settings) {
  for (const EnsembleMember& member : ensemble_members(settings))
    if (const auto best = model.members.find(member_name(member)); best != model.members.end()) write_model(folder / (member_name(member) + ".safetensors"), best->second, member.training);
}

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

/// `most_cases`: of the site that trains most, whose steps are counted.
TrainedModel to_trained(const fl::FinishedRun& run, const SimulationSettings& settings, std::size_t most_cases) {
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
      for (const auto& [metric, total] : {std::pair{"seconds", &model.summary.seconds}, std::pair{"upload_bytes", &model.summary.upload_bytes}, std::pair{"raw_bytes", &model.summary.raw_bytes}})
        if (const auto found = site.metrics.find(metric); found != site.metrics.end()) *total += found->second;
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

fs::path prediction_file(const fs::path& run, const TrainedModel& model, const LoadedSite& site, const PreparedCase& c) { return run / "predictions" / model.summary.name / site.site->name / (c.name + ".nii.gz"); }

/// Judges one model on one site's test cases; predictions that are on disk, from an earlier run or another rank, are read, not made again.
void judge(const TrainedModel& model, const ChannelSet& known, const LoadedSite& site, const SiteSplit& split, const SimulationSettings& settings, int fold, const fs::path& run, RunResults& results, std::mutex& guard,
           SharedProgress& progress, const std::atomic<bool>* stop) {
  models::configure_torch(1);
  const PredictFrom predict = predictor_of(model, site.site->name, settings.training);
  for (const PreparedCase* c : split.test) {
    throw_if_stopped(stop);
    const ChannelSet given = common(known, channels_of({c}, settings.training));
    if (is_empty(given)) continue;  // of what this case has, the model knows nothing
    const fs::path file = prediction_file(run, model, site, *c);
    LabelMap predicted;
    if (fs::exists(file)) {
      predicted = imaging::read_nifti_labels(file);
      require(same_grid(predicted.geometry, c->native, 0.01), ErrorCode::kMismatch, file.string() + ": is not on the grid of its case; remove it, or give another folder");
      predicted.geometry = c->native;
    } else {
      predicted = predict(*c, given);
      imaging::write_nifti(file, predicted);
    }
    CaseResult result{site.site->name, c->name, model.summary.name, fold, score(predicted, *c, settings.training.target)};
    const std::lock_guard lock(guard);
    results.cases.push_back(std::move(result));
    progress.advance(1, model.summary.name + " at " + site.site->name);
  }
  if (!settings.subsets) return;
  const fs::path file = run / "subsets" / fold_folder(settings, fold) / model.summary.name / (site.site->name + ".json");
  std::vector<SubsetResult> subsets = judge_subsets({model.summary.name, site.site->name, fold, split.test, known}, settings.training, file, [&](const PreparedCase& c, const ChannelSet& given) {
    throw_if_stopped(stop);
    return predict(c, given);
  });
  const std::lock_guard lock(guard);
  std::move(subsets.begin(), subsets.end(), std::back_inserter(results.subsets));
}

/// What a case is shown in: the settings' channel, or the first that the case has.
std::string picture_channel_of(const PreparedCase& c, const SimulationSettings& settings) {
  const std::vector<std::string>& channels = settings.training.normalise.channels;
  const auto has = [&](std::size_t n) { return c.has.empty() || c.has.at(n); };
  for (std::size_t n = 0; n < channels.size(); ++n)
    if (channels[n] == settings.picture_channel && has(n)) return channels[n];
  for (std::size_t n = 0; n < channels.size(); ++n)
    if (has(n)) return channels[n];
  return settings.picture_channel;
}

/// The images and references that the report shows, so that it needs nothing but the run's folder.
void write_pictures(const SimulationSettings& settings, const fs::path& data, const std::vector<LoadedSite>& sites, const std::vector<CaseResult>& results, const fs::path& run) {
  for (const LoadedSite& site : sites) {
    const auto paths = find_cases(data / site.site->folder, site.site->files);
    parallel_for(site.cases.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        const PreparedCase& c = site.cases[n];
        const bool judged = std::any_of(results.begin(), results.end(), [&](const CaseResult& r) { return r.name == c.name && r.site == site.site->name; });
        if (!judged) continue;
        const std::string channel = picture_channel_of(c, settings);
        const fs::path image = run / "images" / site.site->name / (c.name + "_" + channel + ".nii.gz");
        if (fs::exists(image)) continue;
        const auto path = std::find_if(paths.begin(), paths.end(), [&](const CasePaths& p) { return p.name == c.name; });
        Case raw = load_case(*path, {channel}, imaging::label_scheme(site.site->scheme));
        imaging::write_nifti(run / "references" / site.site->name / (c.name + ".nii.gz"), *c.reference);
        imaging::write_nifti(image, raw.images.at(channel), {.compression = 1});
      }
    });
  }
}

/// Said before hours of training, not after.
void require_judgement(const std::vector<LoadedSite>& sites, const SimulationSettings& settings) {
  std::size_t judging = 0;
  for (const LoadedSite& site : sites)
    for (const PreparedCase& c : site.cases) {
      if (settings.folds == 0 && c.split != "test") continue;
      require(c.reference.has_value(), ErrorCode::kNotFound, "site " + site.site->name + ": case " + c.name + " has no labels to judge a prediction by");
      ++judging;
    }
  require(judging > 0, ErrorCode::kNotFound, "no site has a case in a folder named \"test\" to judge the models by; put some there, or set \"folds\"");
}

void require_same_run(const fs::path& run, const SimulationSettings& settings) {
  const fs::path file = run / "settings.json";
  const Json wanted = to_json(settings);
  if (!fs::exists(file)) {
    write_file(file, wanted.dump(1) + "\n");
    return;
  }
  require(read_json(file) == wanted, ErrorCode::kMismatch, run.string() + ": holds a run with other settings or another seed; give another folder, or remove this one");
}

}  // namespace

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

fl::FinishedRun federate_in_process(const FederationRequest& request) {
  if (request.settings.topology != fl::Topology::kCoordinator) return federate_peers(request);
  std::vector<std::unique_ptr<SiteTrainer>> trainers;
  std::vector<std::pair<std::string, fl::Trainer*>> sites;
  fl::TensorboardFile tensorboard(request.folder);
  const fl::FederationSettings settings = federation_settings(request);
  for (const auto& [name, split] : request.sites) {
    if (split.train.empty()) continue;
    trainers.push_back(std::make_unique<SiteTrainer>(name, split, trainer_folder(request.folder / "sites" / name), request.on_step));
    sites.emplace_back(name, trainers.back().get());
  }
  return fl::run_in_process(settings, federation_start(request.settings.training, initial_model(request.settings.training).state()), sites, request.folder, {}, [&](const fl::Event& event) { tensorboard.add(event); });
}

RunResults simulate(const SimulationSettings& settings, const fs::path& data, const fs::path& run, const RunFederation& federate, const std::atomic<bool>* stop, const Rank& rank) {
  const auto start = Clock::now();
  const FolderLock lock(run, 5, rank.is_alone() ? LockKind::kExclusive : LockKind::kShared);
  const Crew crew(rank, run / "claims", stop);
  crew.in_turn("settings", [&] { require_same_run(run, settings); });
  const std::vector<LoadedSite> sites = load_sites(settings, data, stop);
  require_judgement(sites, settings);
  if (settings.statistics)
    crew.in_turn("statistics", [&] {
      if (!rank.is_alone() && fs::exists(run / "statistics.json")) return;
      write_file(run / "statistics.json", simulate_statistics(settings, data, run / "statistics", stop).dump(1) + "\n");
    });
  const int folds = std::max(1, settings.folds);
  RunResults results;
  std::mutex guard;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<SiteSplit> splits;
    for (const LoadedSite& site : sites) {
      splits.push_back(split_site(site.cases, *site.site, settings, fold));
      withhold(splits.back(), site);
    }
    std::vector<Job> jobs;
    const auto wants = [&](const char* kind) { return std::find(settings.models.begin(), settings.models.end(), kind) != settings.models.end(); };
    Job pooled{"pooled", "pooled", {}};
    std::size_t test_cases = 0, most_cases = 0;
    std::int64_t federated_steps = 0;
    for (std::size_t n = 0; n < sites.size(); ++n) {
      test_cases += splits[n].test.size();
      if (splits[n].train.empty()) continue;
      most_cases = std::max(most_cases, splits[n].train.size());
      federated_steps += steps_of_round(settings.training, 0, splits[n].train.size()).total;
      const SiteCases own{sites[n].site->name, splits[n].train, splits[n].validation};
      if (wants("single")) jobs.push_back({own.site, "single", {own}});
      pooled.sites.push_back(own);
    }
    if (test_cases == 0) continue;
    if (wants("pooled")) jobs.insert(jobs.begin(), pooled);  // the longest validation first
    if (!wants("federated")) federated_steps = 0;
    std::vector<SiteCases> trained = pooled.sites;
    const std::string suffix = settings.folds == 0 ? "" : fmt::format(" (fold {} of {})", fold + 1, folds);
    std::vector<TrainedModel> models;
    {
      SharedProgress progress("training" + suffix, jobs.size() * static_cast<std::size_t>(settings.training.steps) + static_cast<std::size_t>(federated_steps));
      models = train_alone(jobs, settings, run / "models" / fold_folder(settings, fold), crew, progress, stop);
      FederationRequest request{settings, data, fold, {}, run / "federation" / fold_folder(settings, fold), [&](std::int64_t steps, std::optional<double> loss) {
                                  throw_if_stopped(stop);
                                  progress.advance(static_cast<std::uint64_t>(steps), loss && std::isfinite(*loss) ? fmt::format("federated loss {:.3f}", *loss) : "federated");
                                }, stop, rank};
      for (std::size_t n = 0; n < sites.size(); ++n) request.sites.emplace_back(sites[n].site->name, splits[n]);
      if (wants("federated")) {
        const fl::FinishedRun finished = federate(request);
        // With processes the coordinator has a folder of its own.
        const fs::path hub = fs::exists(request.folder / "coordinator") ? request.folder / "coordinator" : request.folder;
        for (RoundParticipation& round : read_participation(hub, fold)) results.rounds.push_back(std::move(round));
        for (SiteContribution& contribution : read_contributions(hub, fold)) results.contributions.push_back(std::move(contribution));
        TrainedModel model = to_trained(finished, settings, most_cases);
        for (const auto& [name, split] : request.sites) {
          const fs::path own = peer_model_file(request, name);
          const bool has_own = settings.topology == fl::Topology::kGossip && fs::exists(own);
          if (!has_own && !has_site_models(settings.training, settings.protection)) continue;
          model.at_site[name] = model_at_site(settings.training, trainer_folder(request.folder / "sites" / name), has_own ? read_safetensors(own).state : finished.best, finished.state.best_round);
        }
        models.push_back(std::move(model));
      }
      if (wants("ensemble")) models.push_back(train_ensemble(request, federate, trained));
    }
    std::stable_sort(models.begin(), models.end(), [](const TrainedModel& a, const TrainedModel& b) { return rank_of(a.summary.kind) < rank_of(b.summary.kind); });
    for (const TrainedModel& model : models) {
      const fs::path file = run / "models" / fold_folder(settings, fold) / (model.summary.name + ".safetensors");
      crew.in_turn("models", [&] {
        if (!rank.is_alone() && fs::exists(file)) return;
        if (!model.members.empty()) return write_members(run / "models" / fold_folder(settings, fold), model, settings.training);
        write_model(file, model.best, settings.training);
        write_cluster_models(file, file, model_metadata(to_json(settings.training)));
      });
      const auto known = std::find_if(results.models.begin(), results.models.end(), [&](const ModelSummary& m) { return m.name == model.summary.name; });
      if (known == results.models.end()) {
        results.models.push_back(model.summary);
      } else {
        known->seconds += model.summary.seconds;
      }
    }
    SharedProgress progress("judging" + suffix, test_cases * models.size());
    const std::size_t pairs = models.size() * sites.size();
    std::vector<char> judged(pairs, 0);
    const auto judge_pair = [&](std::size_t n) {
      const TrainedModel& model = models[n / sites.size()];
      judge(model, known_to(model, trained, settings.training), sites[n % sites.size()], splits[n % sites.size()], settings, fold, run, results, guard, progress, stop);
      judged[n] = 1;
    };
    const auto is_predicted = [&](std::size_t n) {
      const auto& test = splits[n % sites.size()].test;
      return std::all_of(test.begin(), test.end(), [&](const PreparedCase* c) { return fs::exists(prediction_file(run, models[n / sites.size()], sites[n % sites.size()], *c)); });
    };
    crew.share((fs::path("judging") / fold_folder(settings, fold)).string(), pairs, is_predicted, judge_pair);
    parallel_for(pairs, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n)
        if (judged[n] == 0) judge_pair(n);
    });
    if (settings.subsets && fold == 0 && rank.is_alone())
      for (const TrainedModel& model : models)
        if (model.summary.kind == "federated" || (model.summary.kind == "pooled" && !wants("federated"))) results.alignment = measure_alignment(model, test_cases_of(sites, splits), settings.training);
    for (std::size_t n = 0; n < sites.size(); ++n) {
      if (fold == 0) results.sites.push_back({sites[n].site->name, sites[n].site->description, static_cast<int>(splits[n].train.size()), static_cast<int>(splits[n].validation.size()), 0, sites[n].site->annotated, sites[n].site->strata});
      results.sites[n].test_cases += static_cast<int>(splits[n].test.size());
    }
  }
  std::sort(results.cases.begin(), results.cases.end(), [](const CaseResult& a, const CaseResult& b) { return std::tie(a.model, a.site, a.name) < std::tie(b.model, b.site, b.name); });
  std::stable_sort(results.subsets.begin(), results.subsets.end(), [](const SubsetResult& a, const SubsetResult& b) { return std::tie(a.model, a.site, a.name) < std::tie(b.model, b.site, b.name); });
  const models::TorchReport torch = models::describe_torch();
  results.title = settings.title.empty() ? "Single-site, pooled and federated models" : settings.title;
  results.seed = settings.training.seed;
  results.regions = region_names(settings.training.target);
  results.picture_channel = settings.picture_channel;
  results.notes = settings.notes;
  if (settings.folds > 0) results.notes.push_back(fmt::format("{}-fold cross-validation within every site: each case is judged once, by models that were not trained on it; the curves are those of the first fold.", settings.folds));
  results.versions = {{"consilium", CONSILIUM_VERSION}, {"LibTorch", torch.version}, {"precision", std::string(models::to_string(models::resolve(settings.training.fit.precision)))}};
  results.settings = to_json(settings);
  results.seconds_total = std::chrono::duration<double>(Clock::now() - start).count();
  crew.in_turn("results", [&] {
    if (!rank.is_alone() && fs::exists(run / "results.json")) return;
    write_pictures(settings, data, sites, results.cases, run);
    // The last model has been judged at the last site: what is written now is whole.
    write_file(run / "cross_site.json", cross_site(results).dump(1) + "\n");
    write_file(run / "results.json", to_json(results).dump(1) + "\n");
  });
  return results;
}

}  // namespace consilium::pipelines
