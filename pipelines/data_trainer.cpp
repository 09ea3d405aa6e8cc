#include "pipelines/data_trainer.h"

#include "base/error.h"
#include "base/files.h"
#include "base/stop.h"
#include "imaging/label_scheme.h"
#include "pipelines/annotation.h"
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
  DataTrainer(const JoinSettings& settings, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop) : settings_(settings), on_event_(std::move(on_event)), stop_(stop) {}
  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override { return trainer(plan).validate(plan, global); }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override { return trainer(plan).train(plan, global); }
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override { return trainer(plan).last_look(plan, global); }

 private:
  fl::Trainer& trainer(const fl::RoundPlan& plan) {
    if (trainer_) return *trainer_;
    require_same_federation(plan.task);
    const Json task = parse_json(plan.task, kOrigin);
    switch (task_kind(task)) {
      case FederationTask::kTrain: trainer_ = site_trainer(parse_training_settings(task, kOrigin)); break;
      case FederationTask::kEvaluate: trainer_ = model_user(parse_model_use(task), /*judge=*/true); break;
      case FederationTask::kPredict: trainer_ = model_user(parse_model_use(task), /*judge=*/false); break;
      case FederationTask::kStatistics: trainer_ = std::make_unique<StatisticsTrainer>(counted(), stop_); break;
    }
    return *trainer_;
  }

  void read_cases(const TrainingSettings& training) {
    if (on_event_) on_event_("reading cases");
    cases_ = prepare_site(settings_.data, training, {imaging::label_scheme(settings_.scheme), settings_.annotated}, settings_.files, [&](const std::string&) { throw_if_stopped(stop_); });
  }

  std::unique_ptr<fl::Trainer> site_trainer(const TrainingSettings& training) {
    read_cases(training);
    const SiteSplit split = settings_.folds == 0 ? split_by_folders(cases_, settings_.name, training) : split_by_folds(cases_, settings_.name, training, settings_.fold, settings_.folds);
    if (on_event_) on_event_(std::to_string(split.train.size()) + " cases for training, " + std::to_string(split.validation.size()) + " for validation");
    return std::make_unique<SiteTrainer>(settings_.name, split, trainer_folder(settings_.folder), [this](std::int64_t, double) { throw_if_stopped(stop_); });
  }

  std::unique_ptr<fl::Trainer> model_user(const ModelUse& use, bool judge) {
    const TrainingSettings training = parse_training_settings(use.training, kOrigin);
    read_cases(training);
    std::vector<const PreparedCase*> chosen;
    for (const PreparedCase& c : cases_)
      if (use.all_cases || c.split == "test") chosen.push_back(&c);
    if (on_event_) on_event_("using the model on " + std::to_string(chosen.size()) + " cases");
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
  std::function<void(const std::string&)> on_event_;
  const std::atomic<bool>* stop_;
  std::vector<PreparedCase> cases_;
  std::unique_ptr<fl::Trainer> trainer_;
};

}  // namespace

std::unique_ptr<fl::Trainer> data_trainer(const JoinSettings& settings, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop) { return std::make_unique<DataTrainer>(settings, std::move(on_event), stop); }

std::map<std::string, std::string> metadata_of_task(const std::string& text) {
  const Json task = parse_json(text, kOrigin);
  const FederationTask kind = task_kind(task);
  if (kind == FederationTask::kStatistics) return {};
  return model_metadata(kind == FederationTask::kTrain ? task : parse_model_use(task).training);
}

ModelState finished_at_site(const JoinSettings& settings, const std::string& text, ModelState best, std::int64_t trainings) {
  const Json task = parse_json(text, kOrigin);
  if (task_kind(task) != FederationTask::kTrain) return best;
  const TrainingSettings training = parse_training_settings(task, kOrigin);
  return model_at_site(training, trainer_folder(settings.folder), std::move(best), trainings);
}

}  // namespace consilium::pipelines
