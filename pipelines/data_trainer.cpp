#include "pipelines/data_trainer.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "fl/duplicate_cases.h"
#include "imaging/label_scheme.h"
#include "models/device.h"
#include "pipelines/annotation.h"
#include "pipelines/cluster_models.h"
#include "pipelines/evaluation_trainer.h"
#include "pipelines/federation_task.h"
#include "pipelines/model_metadata.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/statistics_trainer.h"

namespace consilium::pipelines {
namespace {

constexpr const char* kOrigin = "the federation's task";

/// Reads the site's cases when the first plan tells what for.
class DataTrainer : public fl::Trainer {
 public:
  DataTrainer(const JoinSettings& settings, fl::SiteProgress& progress, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop)
      : settings_(settings), device_(models::find_device(settings.device)), progress_(progress), on_event_(std::move(on_event)), stop_(stop) {}
  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.enter(fl::SiteState::kValidating);
    return site.validate(plan, global);
  }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.begin_training(training_ ? steps_of_round(*training_, plan.round, training_cases_).count : 0);
    fl::Update update = site.train(plan, global);
    update.case_digests = case_digests_;
    return update;
  }
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.enter(fl::SiteState::kValidating);
    return site.last_look(plan, global);
  }

 private:
  fl::Trainer& trainer(const fl::RoundPlan& plan) {
    if (trainer_) return *trainer_;
    require_same_federation(plan.task);
    const Json task = parse_json(plan.task, kOrigin);
    switch (task_kind(task)) {
      case FederationTask::kTrain: trainer_ = site_trainer(here(parse_training_settings(task, kOrigin))); break;
      case FederationTask::kEvaluate: trainer_ = model_user(parse_model_use(task), /*judge=*/true); break;
      case FederationTask::kPredict: trainer_ = model_user(parse_model_use(task), /*judge=*/false); break;
      case FederationTask::kStatistics: trainer_ = std::make_unique<StatisticsTrainer>(counted(), stop_); break;
    }
    return *trainer_;
  }

  /// The federation's settings on this site's device.
  TrainingSettings here(TrainingSettings training) const {
    training.device = device_;
    return training;
  }

  void read_cases(const TrainingSettings& training) {
    if (on_event_) on_event_("reading cases");
    progress_.enter(fl::SiteState::kConfiguring);
    cases_ = prepare_site(settings_.data, training, {imaging::label_scheme(settings_.scheme), settings_.annotated}, settings_.files, [&](const std::string&) { throw_if_stopped(stop_); });
  }

  std::unique_ptr<fl::Trainer> site_trainer(const TrainingSettings& training) {
    read_cases(training);
    const SiteSplit split = settings_.folds == 0 ? split_by_folders(cases_, settings_.name, training) : split_by_folds(cases_, settings_.name, training, settings_.fold, settings_.folds);
    if (on_event_) on_event_(std::to_string(split.train.size()) + " cases for training, " + std::to_string(split.validation.size()) + " for validation");
    if (!settings_.case_key.empty()) note_digests(split);
    training_ = training;
    training_cases_ = split.train.size();
    progress_.configured(static_cast<std::int64_t>(split.train.size()), static_cast<std::int64_t>(split.validation.size()), training.device.str());
    return std::make_unique<SiteTrainer>(settings_.name, split, trainer_folder(settings_.folder), [this](std::int64_t steps, double loss) {
      if (steps > 0) progress_.step(loss);
      throw_if_stopped(stop_);
    }, training.device, SiteLedger{settings_.privacy_ledger.empty() ? trainer_folder(settings_.folder) / "privacy" : fs::path(settings_.privacy_ledger), settings_.privacy_budget});
  }

  /// Of what the network sees: the same images prepared alike have the same digest, whatever their files are called.
  void note_digests(const SiteSplit& split) {
    const std::string key = fl::read_case_key(settings_.case_key);
    for (const PreparedCase* c : split.train) case_digests_.push_back(fl::case_digest(key, {reinterpret_cast<const char*>(c->sample.image.data()), c->sample.image.size() * sizeof(float)}));
    std::sort(case_digests_.begin(), case_digests_.end());  // their order tells nothing
  }

  std::unique_ptr<fl::Trainer> model_user(const ModelUse& use, bool judge) {
    const TrainingSettings training = here(parse_training_settings(use.training, kOrigin));
    read_cases(training);
    std::vector<const PreparedCase*> chosen;
    for (const PreparedCase& c : cases_)
      if (use.all_cases || c.split == "test") chosen.push_back(&c);
    if (on_event_) on_event_("using the model on " + std::to_string(chosen.size()) + " cases");
    progress_.configured(static_cast<std::int64_t>(chosen.size()), 0, training.device.str());
    return std::make_unique<EvaluationTrainer>(chosen, training, settings_.folder, judge, stop_);
  }

  StatisticsSite counted() const {
    const SiteLabels labels{imaging::label_scheme(settings_.scheme), settings_.annotated};
    return {settings_.data, labels.scheme, settings_.files, tumour_regions(labels), settings_.minimum_count};
  }

  /// The memory of another federation's optimiser must not leak into this one.
  void require_same_federation(const std::string& task) const {
    const fs::path file = fs::path(settings_.folder) / "task.json";
    if (!fs::exists(file)) write_file(file, task);
    require(read_file(file, 64 << 20) == task, ErrorCode::kMismatch, settings_.folder + ": holds what this site did in another federation; give another folder, or remove this one");
  }

  JoinSettings settings_;
  c10::Device device_;
  fl::SiteProgress& progress_;
  std::function<void(const std::string&)> on_event_;
  const std::atomic<bool>* stop_;
  std::optional<TrainingSettings> training_;  ///< of a federation that trains
  std::size_t training_cases_ = 0;
  std::vector<std::string> case_digests_;
  std::vector<PreparedCase> cases_;
  std::unique_ptr<fl::Trainer> trainer_;
};

}  // namespace

std::unique_ptr<fl::Trainer> data_trainer(const JoinSettings& settings, fl::SiteProgress& progress, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop) {
  return std::make_unique<DataTrainer>(settings, progress, std::move(on_event), stop);
}

std::map<std::string, std::string> metadata_at_site(const JoinSettings& settings, const std::string& text, std::int64_t trainings) {
  const Json task = parse_json(text, kOrigin);
  const FederationTask kind = task_kind(task);
  if (kind == FederationTask::kStatistics) return {};
  if (kind != FederationTask::kTrain) return model_metadata(parse_model_use(task).training);
  const TrainingSettings training = parse_training_settings(task, kOrigin);
  if (!is_clustered(training.clusters)) return model_metadata(task);
  return cluster_metadata(model_metadata(task), cluster_at_site(training, trainer_folder(settings.folder), trainings));
}

ModelState finished_at_site(const JoinSettings& settings, const std::string& text, ModelState best, std::int64_t trainings) {
  const Json task = parse_json(text, kOrigin);
  if (task_kind(task) != FederationTask::kTrain) return best;
  const TrainingSettings training = parse_training_settings(task, kOrigin);
  return model_at_site(training, trainer_folder(settings.folder), std::move(best), trainings);
}

}  // namespace consilium::pipelines
