#include "pipelines/join_federation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/folder_lock.h"
#include "base/stop.h"
#include "fl/federation_settings.h"
#include "fl/transport/client.h"
#include "imaging/label_scheme.h"
#include "pipelines/annotation.h"
#include "pipelines/cluster_models.h"
#include "pipelines/evaluation_trainer.h"
#include "pipelines/federation_task.h"
#include "pipelines/membership.h"
#include "pipelines/model_metadata.h"
#include "pipelines/site_model.h"
#include "pipelines/site_trainer.h"
#include "pipelines/statistics_trainer.h"

namespace consilium::pipelines {
namespace {

constexpr const char* kOrigin = "the coordinator's task";
constexpr const char* kDevice = "cpu";  // as SiteTrainer and EvaluationTrainer work

/// Reads the site's cases when the first plan tells what for.
class DataTrainer : public fl::Trainer {
 public:
  DataTrainer(const JoinSettings& settings, std::function<void(const std::string&)> on_event, const std::atomic<bool>* stop) : settings_(settings), on_event_(std::move(on_event)), stop_(stop) {}
  fl::Validation validate(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.enter(fl::SiteState::kValidating);
    return site.validate(plan, global);
  }
  fl::Update train(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.begin_training(training_ ? steps_of_round(*training_, plan.round, training_cases_).count : 0);
    return site.train(plan, global);
  }
  fl::Update last_look(const fl::RoundPlan& plan, const ModelState& global) override {
    fl::Trainer& site = trainer(plan);
    progress_.enter(fl::SiteState::kValidating);
    return site.last_look(plan, global);
  }
  /// What is told of this site's work.
  fl::SiteProgress& progress() { return progress_; }

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
    progress_.enter(fl::SiteState::kConfiguring);
    cases_ = prepare_site(settings_.data, training, {imaging::label_scheme(settings_.scheme), settings_.annotated}, settings_.files, [&](const std::string&) { throw_if_stopped(stop_); });
  }

  std::unique_ptr<fl::Trainer> site_trainer(const TrainingSettings& training) {
    read_cases(training);
    const SiteSplit split = settings_.folds == 0 ? split_by_folders(cases_, settings_.name, training) : split_by_folds(cases_, settings_.name, training, settings_.fold, settings_.folds);
    if (on_event_) on_event_(std::to_string(split.train.size()) + " cases for training, " + std::to_string(split.validation.size()) + " for validation");
    training_ = training;
    training_cases_ = split.train.size();
    progress_.configured(static_cast<std::int64_t>(split.train.size()), static_cast<std::int64_t>(split.validation.size()), kDevice);
    return std::make_unique<SiteTrainer>(settings_.name, split, trainer_folder(settings_.folder), [this](std::int64_t steps, double loss) {
      if (steps > 0) progress_.step(loss);
      throw_if_stopped(stop_);
    });
  }

  std::unique_ptr<fl::Trainer> model_user(const ModelUse& use, bool judge) {
    const TrainingSettings training = parse_training_settings(use.training, kOrigin);
    read_cases(training);
    std::vector<const PreparedCase*> chosen;
    for (const PreparedCase& c : cases_)
      if (use.all_cases || c.split == "test") chosen.push_back(&c);
    if (on_event_) on_event_("using the model on " + std::to_string(chosen.size()) + " cases");
    progress_.configured(static_cast<std::int64_t>(chosen.size()), 0, kDevice);
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
  fl::SiteProgress progress_;
  std::optional<TrainingSettings> training_;  ///< of a federation that trains
  std::size_t training_cases_ = 0;
  std::vector<PreparedCase> cases_;
  std::unique_ptr<fl::Trainer> trainer_;
};

/// The address itself, or the content of the file it names, which a coordinator writes when it listens.
std::string resolve_address(const JoinSettings& settings, const std::atomic<bool>* stop) {
  if (!settings.coordinator.starts_with("@")) return settings.coordinator;
  const fs::path file = settings.coordinator.substr(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(settings.give_up_seconds);
  while (!fs::exists(file)) {
    throw_if_stopped(stop);
    require(std::chrono::steady_clock::now() < end, ErrorCode::kUnreachable, file.string() + ": no coordinator has written its address there");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::string address = read_file(file, 4096);
  while (!address.empty() && std::isspace(static_cast<unsigned char>(address.back())) != 0) address.pop_back();
  return address;
}

bool are_addresses(const std::string& text) {
  const std::vector<std::string> addresses = fl::split_addresses(text);
  return std::all_of(addresses.begin(), addresses.end(), fl::is_address);
}

}  // namespace

JoinSettings parse_join_settings(const Json& json, const std::string& origin, const fs::path& base) {
  JoinSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.site/1";
  reader.field("schema", schema);
  require(schema == "consilium.site/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.site/1\", found \"" + schema + "\"");
  reader.field("invitation", s.invitation);
  for (const auto& [key, target] : {std::pair("name", &s.name), std::pair("coordinator", &s.coordinator)}) {
    if (s.invitation.empty()) reader.required(key, *target);
    else reader.field(key, *target);  // the invitation says both
  }
  reader.required("keys", s.keys);
  reader.required("data", s.data);
  reader.field("scheme", s.scheme);
  reader.field("files", s.files);
  reader.field("annotated", s.annotated);
  reader.required("folder", s.folder);
  reader.field("give_up_seconds", s.give_up_seconds);
  reader.field("folds", s.folds);
  reader.field("fold", s.fold);
  reader.field("minimum_count", s.minimum_count);
  reader.finish();
  const bool is_invited = !s.invitation.empty();
  if (!is_invited || !s.name.empty()) fl::validate_site_names({s.name}, origin + ".name");
  const bool is_place = s.coordinator.starts_with("@") ? s.coordinator.size() > 1 : are_addresses(s.coordinator);
  require(is_place || (is_invited && s.coordinator.empty()), ErrorCode::kUsage, origin + ".coordinator: expected host:port or @FILE, found \"" + s.coordinator + "\"");
  require(std::isfinite(s.give_up_seconds) && s.give_up_seconds > 0, ErrorCode::kUsage, origin + ".give_up_seconds: expected a number above 0");
  require(s.folds == 0 || (s.folds >= 2 && s.fold >= 0 && s.fold < s.folds), ErrorCode::kUsage, origin + ".fold: expected 0 to below folds, and folds 0 or at least 2");
  require(s.minimum_count >= 1, ErrorCode::kUsage, origin + ".minimum_count: expected 1 or more");
  imaging::label_scheme(s.scheme);
  validate_annotated(s.annotated, origin + ".annotated");
  for (std::string* path : {&s.keys, &s.data, &s.folder, &s.invitation})
    if (!path->empty() && fs::path(*path).is_relative()) *path = (base / *path).lexically_normal().string();
  if (s.coordinator.starts_with("@") && fs::path(s.coordinator.substr(1)).is_relative()) s.coordinator.replace(1, std::string::npos, (base / s.coordinator.substr(1)).string());
  return s;
}

Json to_json(const JoinSettings& s) {
  return {{"schema", "consilium.site/1"}, {"name", s.name}, {"coordinator", s.coordinator}, {"keys", s.keys}, {"invitation", s.invitation}, {"data", s.data}, {"scheme", s.scheme}, {"files", s.files}, {"annotated", s.annotated}, {"folder", s.folder},
          {"give_up_seconds", s.give_up_seconds}, {"folds", s.folds}, {"fold", s.fold}, {"minimum_count", s.minimum_count}};
}

ModelState join_federation(const JoinSettings& given, const std::function<void(const std::string&)>& on_event, const std::atomic<bool>* stop) {
  const FolderLock lock(given.folder);
  const Membership member = membership({given.name, given.coordinator, given.keys, given.invitation, given.give_up_seconds}, on_event, stop);
  JoinSettings settings = given;
  settings.name = member.name;
  settings.coordinator = member.coordinator;
  DataTrainer trainer(settings, on_event, stop);
  fl::SiteOptions options;
  options.name = settings.name;
  options.coordinator = resolve_address(settings, stop);
  options.tls = fl::tls_files(settings.keys, settings.name);
  options.folder = settings.folder;
  options.model_metadata = [&](const std::string& text, std::int64_t trainings) -> std::map<std::string, std::string> {
    const Json task = parse_json(text, kOrigin);
    const FederationTask kind = task_kind(task);
    if (kind == FederationTask::kStatistics) return {};
    if (kind != FederationTask::kTrain) return model_metadata(parse_model_use(task).training);
    const TrainingSettings training = parse_training_settings(task, kOrigin);
    if (!is_clustered(training.clusters)) return model_metadata(task);
    return cluster_metadata(model_metadata(task), cluster_at_site(training, trainer_folder(settings.folder), trainings));
  };
  options.finish = [&](const std::string& text, ModelState best, std::int64_t trainings) {
    const Json task = parse_json(text, kOrigin);
    if (task_kind(task) != FederationTask::kTrain) return best;
    const TrainingSettings training = parse_training_settings(task, kOrigin);
    return model_at_site(training, trainer_folder(settings.folder), std::move(best), trainings);
  };
  options.give_up_seconds = settings.give_up_seconds;
  options.enrolments = member.enrolments;
  options.progress = &trainer.progress();
  return fl::run_site(options, trainer, on_event, stop);
}

}  // namespace consilium::pipelines
