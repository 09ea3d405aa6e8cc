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
#include "base/stop.h"
#include "imaging/nifti/nifti.h"
#include "models/runtime.h"
#include "models/state/safetensors.h"
#include "pipelines/cluster_models.h"
#include "pipelines/contributions.h"
#include "pipelines/cross_site.h"
#include "pipelines/federated_model.h"
#include "pipelines/judge_models.h"
#include "pipelines/measure_alignment.h"
#include "pipelines/model_metadata.h"
#include "pipelines/participation.h"
#include "pipelines/segment.h"
#include "pipelines/shared_progress.h"
#include "pipelines/simulate_peers.h"
#include "pipelines/simulate_statistics.h"
#include "pipelines/simulated_ensemble.h"
#include "pipelines/simulated_pictures.h"
#include "pipelines/simulated_sites.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {
namespace {

using Clock = std::chrono::steady_clock;

struct Job {
  std::string name, kind;
  std::vector<SiteCases> sites;
};

/// Single-site models first, then pooled, then the ensemble, then federated.
int rank_of(const std::string& kind) { return kind == "single" ? 0 : kind == "pooled" ? 1 : kind == "ensemble" ? 2 : 3; }

void require_same_run(const fs::path& run, const SimulationSettings& settings) {
  const fs::path file = run / "settings.json";
  const Json wanted = to_json(settings);
  if (!fs::exists(file)) {
    write_file(file, wanted.dump(1) + "\n");
    return;
  }
  require(read_json(file) == wanted, ErrorCode::kMismatch, run.string() + ": holds a run with other settings or another seed; give another folder, or remove this one");
}

struct Fold {
  int number = 0;
  std::vector<SiteSplit> splits;      ///< one per site
  std::vector<SiteCases> trained{};   ///< of the sites that have a case to train on
  std::size_t test_cases = 0;
  std::size_t most_cases = 0;         ///< that one site trains on
  std::int64_t federated_steps = 0;   ///< of all sites
};

/// One simulation, fold after fold.
class Simulation {
 public:
  Simulation(const SimulationSettings& settings, fs::path data, fs::path run, const RunFederation& federate, const std::atomic<bool>* stop, const Rank& rank)
      : settings_(settings), data_(std::move(data)), run_(std::move(run)), federate_(federate), stop_(stop), rank_(rank), lock_(run_, 5, rank.is_alone() ? LockKind::kExclusive : LockKind::kShared), crew_(rank, run_ / "claims", stop) {}

  RunResults results() {
    crew_.in_turn("settings", [&] { require_same_run(run_, settings_); });
    sites_ = load_sites(settings_, data_, stop_);
    require_judgement(sites_, settings_);
    if (settings_.statistics) count();
    for (int number = 0; number < folds(); ++number) {
      const Fold fold = fold_of(number);
      if (fold.test_cases == 0) continue;
      const std::vector<TrainedModel> models = train(fold);
      for (const TrainedModel& model : models) keep(model, fold);
      judge(models, fold);
      note_sites(fold);
    }
    describe();
    crew_.in_turn("results", [&] {
      if (!rank_.is_alone() && fs::exists(run_ / "results.json")) return;
      write_pictures(settings_, data_, sites_, results_.cases, run_);
      // The last model has been judged at the last site: what is written now is whole.
      write_file(run_ / "cross_site.json", cross_site(results_).dump(1) + "\n");
      write_file(run_ / "results.json", to_json(results_).dump(1) + "\n");
    });
    return std::move(results_);
  }

 private:
  int folds() const { return std::max(1, settings_.folds); }
  bool wants(const char* kind) const { return std::find(settings_.models.begin(), settings_.models.end(), kind) != settings_.models.end(); }
  std::string folder_of(const Fold& fold) const { return settings_.folds == 0 ? "" : "fold_" + std::to_string(fold.number); }
  std::string suffix_of(const Fold& fold) const { return settings_.folds == 0 ? "" : fmt::format(" (fold {} of {})", fold.number + 1, folds()); }
  fs::path prediction_file(const TrainedModel& model, const LoadedSite& site, const PreparedCase& c) const { return run_ / "predictions" / model.summary.name / site.site->name / (c.name + ".nii.gz"); }

  void count() {
    crew_.in_turn("statistics", [&] {
      if (!rank_.is_alone() && fs::exists(run_ / "statistics.json")) return;
      write_file(run_ / "statistics.json", simulate_statistics(settings_, data_, run_ / "statistics", stop_).dump(1) + "\n");
    });
  }

  Fold fold_of(int number) const {
    Fold fold{number, split_sites(sites_, settings_, number)};
    for (std::size_t n = 0; n < sites_.size(); ++n) {
      const SiteSplit& split = fold.splits[n];
      fold.test_cases += split.test.size();
      if (split.train.empty()) continue;
      fold.most_cases = std::max(fold.most_cases, split.train.size());
      fold.federated_steps += steps_of_round(settings_.training, 0, split.train.size()).total;
      fold.trained.push_back({sites_[n].site->name, split.train, split.validation});
    }
    return fold;
  }

  /// The pooled model comes first: its validation is the longest.
  std::vector<Job> jobs_of(const Fold& fold) const {
    std::vector<Job> jobs;
    if (wants("pooled")) jobs.push_back({"pooled", "pooled", fold.trained});
    if (wants("single"))
      for (const SiteCases& own : fold.trained) jobs.push_back({own.site, "single", {own}});
    return jobs;
  }

  std::vector<TrainedModel> train(const Fold& fold) {
    const std::vector<Job> jobs = jobs_of(fold);
    const std::int64_t federated_steps = wants("federated") ? fold.federated_steps : 0;
    SharedProgress progress("training" + suffix_of(fold), jobs.size() * static_cast<std::size_t>(settings_.training.steps) + static_cast<std::size_t>(federated_steps));
    std::vector<TrainedModel> models = train_alone(jobs, run_ / "models" / folder_of(fold), progress);
    FederationRequest request{settings_, data_, fold.number, {}, run_ / "federation" / folder_of(fold), [&](std::int64_t steps, std::optional<double> loss) {
                                throw_if_stopped(stop_);
                                progress.advance(static_cast<std::uint64_t>(steps), loss && std::isfinite(*loss) ? fmt::format("federated loss {:.3f}", *loss) : "federated");
                              }, stop_, rank_};
    for (std::size_t n = 0; n < sites_.size(); ++n) request.sites.emplace_back(sites_[n].site->name, fold.splits[n]);
    if (wants("federated")) models.push_back(train_federation(request, fold));
    if (wants("ensemble")) models.push_back(train_ensemble(request, federate_, fold.trained));
    std::stable_sort(models.begin(), models.end(), [](const TrainedModel& a, const TrainedModel& b) { return rank_of(a.summary.kind) < rank_of(b.summary.kind); });
    return models;
  }

  /// Single-site and pooled models of one fold, as many at a time as there are threads, each with one; what another rank has trained is read.
  std::vector<TrainedModel> train_alone(const std::vector<Job>& jobs, const fs::path& folder, SharedProgress& progress) {
    std::vector<std::optional<TrainedModel>> models(jobs.size());
    const auto train = [&](std::size_t n) {
      models[n] = train_model(jobs[n].name, jobs[n].sites, settings_.training, folder / jobs[n].name, [&](std::int64_t steps, double loss) {
        throw_if_stopped(stop_);
        progress.advance(static_cast<std::uint64_t>(steps), fmt::format("{} loss {:.3f}", jobs[n].name, loss));
      }, settings_.start);
      models[n]->summary.kind = jobs[n].kind;
    };
    const std::string claim = (fs::path("training") / folder.filename()).string();
    crew_.share(claim, jobs.size(), [&](std::size_t n) { return is_trained(folder / jobs[n].name, settings_.training.rounds); }, train);
    std::vector<TrainedModel> trained;
    for (std::size_t n = 0; n < jobs.size(); ++n) {
      if (!models[n]) crew_.in_turn((fs::path(claim) / std::to_string(n)).string(), [&] { train(n); });
      trained.push_back(std::move(*models[n]));
    }
    return trained;
  }

  TrainedModel train_federation(const FederationRequest& request, const Fold& fold) {
    const fl::FinishedRun finished = federate_(request);
    // With processes the coordinator has a folder of its own.
    const fs::path hub = fs::exists(request.folder / "coordinator") ? request.folder / "coordinator" : request.folder;
    for (RoundParticipation& round : read_participation(hub, fold.number)) results_.rounds.push_back(std::move(round));
    for (SiteContribution& contribution : read_contributions(hub, fold.number)) results_.contributions.push_back(std::move(contribution));
    TrainedModel model = federated_model(finished, settings_, fold.most_cases);
    for (const auto& [name, split] : request.sites) {
      const fs::path own = peer_model_file(request, name);
      const bool has_own = settings_.topology == fl::Topology::kGossip && fs::exists(own);
      if (!has_own && !has_site_models(settings_.training, settings_.protection)) continue;
      model.at_site[name] = model_at_site(settings_.training, trainer_folder(request.folder / "sites" / name), has_own ? read_safetensors(own).state : finished.best, finished.state.best_round);
    }
    return model;
  }

  /// On disk, and in the results.
  void keep(const TrainedModel& model, const Fold& fold) {
    const fs::path folder = run_ / "models" / folder_of(fold), file = folder / (model.summary.name + ".safetensors");
    crew_.in_turn("models", [&] {
      if (!rank_.is_alone() && fs::exists(file)) return;
      if (!model.members.empty()) return write_members(folder, model, settings_.training);
      write_model(file, model.best, settings_.training);
      write_cluster_models(file, file, model_metadata(to_json(settings_.training)));
    });
    const auto known = std::find_if(results_.models.begin(), results_.models.end(), [&](const ModelSummary& m) { return m.name == model.summary.name; });
    if (known == results_.models.end()) results_.models.push_back(model.summary);
    else known->seconds += model.summary.seconds;
  }

  /// Every model at every site.
  void judge(const std::vector<TrainedModel>& models, const Fold& fold) {
    SharedProgress progress("judging" + suffix_of(fold), fold.test_cases * models.size());
    const std::size_t pairs = models.size() * sites_.size();
    std::vector<char> judged(pairs, 0);
    const auto judge_pair = [&](std::size_t n) {
      judge_one(models[n / sites_.size()], n % sites_.size(), fold, progress);
      judged[n] = 1;
    };
    const auto is_predicted = [&](std::size_t n) {
      const auto& test = fold.splits[n % sites_.size()].test;
      return std::all_of(test.begin(), test.end(), [&](const PreparedCase* c) { return fs::exists(prediction_file(models[n / sites_.size()], sites_[n % sites_.size()], *c)); });
    };
    crew_.share((fs::path("judging") / folder_of(fold)).string(), pairs, is_predicted, judge_pair);
    parallel_for(pairs, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n)
        if (judged[n] == 0) judge_pair(n);
    });
    if (!settings_.subsets || fold.number != 0 || !rank_.is_alone()) return;
    for (const TrainedModel& model : models)
      if (model.summary.kind == "federated" || (model.summary.kind == "pooled" && !wants("federated"))) results_.alignment = measure_alignment(model, test_cases_of(sites_, fold.splits), settings_.training);
  }

  /// One model on one site's test cases.
  void judge_one(const TrainedModel& model, std::size_t n, const Fold& fold, SharedProgress& progress) {
    models::configure_torch(1, settings_.training.device);
    const LoadedSite& site = sites_[n];
    const std::vector<const PreparedCase*>& test = fold.splits[n].test;
    const ChannelSet known = known_to(model, fold.trained, settings_.training);
    const PredictFrom predict = predictor_of(model, site.site->name, settings_.training);
    for (const PreparedCase* c : test) {
      throw_if_stopped(stop_);
      const ChannelSet given = common(known, channels_of({c}, settings_.training));
      if (is_empty(given)) continue;  // of what this case has, the model knows nothing
      const LabelMap predicted = prediction(prediction_file(model, site, *c), *c, [&] { return predict(*c, given); });
      CaseResult result{site.site->name, c->name, model.summary.name, fold.number, score(predicted, *c, settings_.training.target)};
      const std::lock_guard lock(guard_);
      results_.cases.push_back(std::move(result));
      progress.advance(1, model.summary.name + " at " + site.site->name);
    }
    if (!settings_.subsets) return;
    const fs::path file = run_ / "subsets" / folder_of(fold) / model.summary.name / (site.site->name + ".json");
    std::vector<SubsetResult> subsets = judge_subsets({model.summary.name, site.site->name, fold.number, test, known}, settings_.training, file, [&](const PreparedCase& c, const ChannelSet& given) {
      throw_if_stopped(stop_);
      return predict(c, given);
    });
    const std::lock_guard lock(guard_);
    std::move(subsets.begin(), subsets.end(), std::back_inserter(results_.subsets));
  }

  /// What is on disk, from an earlier run or another rank, is read and not made again.
  static LabelMap prediction(const fs::path& file, const PreparedCase& c, const std::function<LabelMap()>& predict) {
    if (!fs::exists(file)) {
      LabelMap predicted = predict();
      imaging::write_nifti(file, predicted);
      return predicted;
    }
    LabelMap predicted = imaging::read_nifti_labels(file);
    require(same_grid(predicted.geometry, c.native, 0.01), ErrorCode::kMismatch, file.string() + ": is not on the grid of its case; remove it, or give another folder");
    predicted.geometry = c.native;
    return predicted;
  }

  void note_sites(const Fold& fold) {
    for (std::size_t n = 0; n < sites_.size(); ++n) {
      const SimulatedSite& site = *sites_[n].site;
      const SiteSplit& split = fold.splits[n];
      if (fold.number == 0) results_.sites.push_back({site.name, site.description, static_cast<int>(split.train.size()), static_cast<int>(split.validation.size()), 0, site.annotated, site.strata});
      results_.sites[n].test_cases += static_cast<int>(split.test.size());
    }
  }

  void describe() {
    std::sort(results_.cases.begin(), results_.cases.end(), [](const CaseResult& a, const CaseResult& b) { return std::tie(a.model, a.site, a.name) < std::tie(b.model, b.site, b.name); });
    std::stable_sort(results_.subsets.begin(), results_.subsets.end(), [](const SubsetResult& a, const SubsetResult& b) { return std::tie(a.model, a.site, a.name) < std::tie(b.model, b.site, b.name); });
    const models::TorchReport torch = models::describe_torch();
    results_.title = settings_.title.empty() ? "Single-site, pooled and federated models" : settings_.title;
    results_.seed = settings_.training.seed;
    results_.regions = region_names(settings_.training.target);
    results_.picture_channel = settings_.picture_channel;
    results_.notes = settings_.notes;
    if (settings_.folds > 0) results_.notes.push_back(fmt::format("{}-fold cross-validation within every site: each case is judged once, by models that were not trained on it; the curves are those of the first fold.", settings_.folds));
    results_.versions = {{"consilium", CONSILIUM_VERSION}, {"LibTorch", torch.version}, {"precision", std::string(models::to_string(models::resolve(settings_.training.fit.precision, settings_.training.device)))}, {"device", settings_.training.device.str()}};
    results_.settings = to_json(settings_);
    results_.seconds_total = std::chrono::duration<double>(Clock::now() - start_).count();
  }

  const SimulationSettings& settings_;
  const fs::path data_, run_;
  const RunFederation& federate_;
  const std::atomic<bool>* stop_;
  const Rank rank_;
  const Clock::time_point start_ = Clock::now();
  const FolderLock lock_;
  const Crew crew_;
  std::vector<LoadedSite> sites_;
  RunResults results_;
  std::mutex guard_;  ///< of the results, while models are judged
};

}  // namespace

RunResults simulate(const SimulationSettings& settings, const fs::path& data, const fs::path& run, const RunFederation& federate, const std::atomic<bool>* stop, const Rank& rank) {
  return Simulation(settings, data, run, federate, stop, rank).results();
}

}  // namespace consilium::pipelines
