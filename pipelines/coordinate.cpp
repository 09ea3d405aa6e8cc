#include "pipelines/coordinate.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "fl/run_history.h"
#include "fl/run_store.h"
#include "fl/transport/server.h"
#include "models/state/clusters.h"
#include "models/state/control_variates.h"
#include "models/state/safetensors_file.h"
#include "pipelines/cluster_models.h"
#include "pipelines/cluster_settings.h"
#include "pipelines/count_words.h"
#include "pipelines/evaluation_result.h"
#include "pipelines/initial_model_file.h"
#include "pipelines/local_training.h"
#include "pipelines/model_metadata.h"
#include "pipelines/statistics_result.h"

namespace consilium::pipelines {
namespace {

std::string word_of(FederationTask task) {
  for (const auto& [word, value] : federation_task_words())
    if (value == task) return word;
  return "train";
}

/// The federation that the settings describe, and the state that it starts from.
struct Start {
  fl::FederationSettings federation;
  ModelFile initial;
};

/// A training of several clusters starts from a model that holds as many; the other tasks take a model that can be used.
void require_clusters_held(const CoordinateSettings& settings, const ModelState& model, const Json& training) {
  const std::int64_t held = cluster_count(model);
  if (settings.task != FederationTask::kTrain) {
    require(held == 0, ErrorCode::kMismatch, fmt::format("{}: holds the models of {} clusters side by side; use one of them, ..._cluster_K.safetensors", settings.initial_model, held));
    return;
  }
  const ClusterSettings clusters = clusters_of_training(training, settings.initial_model);
  require_clusters_fit(clusters, {.feeds_errors_back = fl::feeds_errors_back(settings.federation.compression), .compares_sites = fl::is_robust(settings.federation.aggregation.rule), .counts_owners = settings.federation.protection.groups.has_value()}, "coordinator");
  const std::int64_t wanted = is_clustered(clusters) ? clusters.count : 0;
  require(held == wanted, ErrorCode::kMismatch, fmt::format("{}: holds the models of {} clusters, and its training settings ask for {}; consilium train --initial makes a model to start from", settings.initial_model, held, wanted));
}

Start start_of(const CoordinateSettings& settings) {
  Start start{settings.federation, {}};
  fl::FederationSettings& federation = start.federation;
  if (settings.task == FederationTask::kStatistics) {
    start.initial.state = statistics_start(settings.statistics);
    federation.rounds = kStatisticsRounds;
    federation.task = to_plan(settings.statistics).dump();
    return start;
  }
  const fs::path initial_file = ready_initial_model(settings.initial_model, settings.folder);
  start.initial = read_safetensors(initial_file);
  const Json training = training_metadata(start.initial, initial_file.string());
  require_clusters_held(settings, start.initial.state, training);
  if (settings.task != FederationTask::kTrain) {
    federation.rounds = 0;
    federation.task = to_task(settings.task, {training, settings.all_cases}).dump();
    return start;
  }
  const auto rounds = training.find("rounds");
  require(rounds != training.end() && rounds->is_number_integer(), ErrorCode::kUnsupported, settings.initial_model + ": its training settings name no rounds");
  federation.rounds = rounds->get<std::int64_t>();
  federation.task = training.dump();
  require_rule_fits(fl::to_json(federation.aggregation), training, "coordinator");
  require_noise_fits(federation.protection, training, "coordinator");
  return start;
}

/// What a federation without training found. Called when its last report is in, and by nobody else: no figure can come after.
void write_result(const CoordinateSettings& settings, const fl::RunState& state) {
  const fs::path folder = settings.folder;
  if (settings.task == FederationTask::kStatistics) write_file(folder / "statistics.json", statistics_result(settings.statistics, state.global, state.reports).dump(1) + "\n");
  if (settings.task == FederationTask::kEvaluate || settings.task == FederationTask::kPredict) write_file(folder / "evaluation.json", evaluation_result(state.reports.back()).dump(1) + "\n");
}

}  // namespace

CoordinateSettings parse_coordinate_settings(const Json& json, const std::string& origin, const fs::path& base) {
  CoordinateSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.coordinator/1";
  reader.field("schema", schema);
  require(schema == "consilium.coordinator/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.coordinator/1\", found \"" + schema + "\"");
  reader.field("listen", s.listen);
  reader.field("enrolment", s.enrolment);
  reader.field("name", s.name);
  reader.required("keys", s.keys);
  reader.choice("task", s.task, federation_task_words());
  reader.field("initial_model", s.initial_model);
  reader.field("all_cases", s.all_cases);
  reader.object("statistics", [&](SettingsReader& statistics) { read_statistics_task(statistics, s.statistics); });
  reader.required("folder", s.folder);
  reader.field("linger_seconds", s.linger_seconds);
  reader.field("metrics_listen", s.metrics_listen);
  reader.required("sites", s.federation.sites);
  reader.field("quorum", s.federation.quorum);
  reader.field("deadline_seconds", s.federation.deadline_seconds);
  reader.object("policy", [&](SettingsReader& policy) { fl::read_round_policy(policy, s.federation.policy); });
  reader.object("aggregation", [&](SettingsReader& rule) { fl::read_aggregation_settings(rule, s.federation.aggregation); });
  reader.object("compression", [&](SettingsReader& codec) { fl::read_compression_settings(codec, s.federation.compression); });
  reader.object("protection", [&](SettingsReader& protection) { fl::read_protection_settings(protection, s.federation.protection); });
  reader.finish();
  fl::validate(s.federation, origin);
  fl::validate_site_names({s.name}, origin + ".name");
  // Of the other tasks, what each site says is the result.
  require(s.task == FederationTask::kTrain || s.federation.protection == fl::ProtectionSettings{}, ErrorCode::kUsage, origin + ".protection: only training is protected, not the task " + std::string(word_of(s.task)));
  const bool counts = s.task == FederationTask::kStatistics;
  require(counts || !s.initial_model.empty(), ErrorCode::kUsage, origin + ".initial_model: is missing");
  require(!counts || s.initial_model.empty(), ErrorCode::kUsage, origin + ".initial_model: statistics start from no model");
  require(!counts || s.federation.sites.size() <= kMostCountingSites, ErrorCode::kUsage, origin + ".sites: statistics take at most " + std::to_string(kMostCountingSites) + " sites");
  require(!counts || s.federation.aggregation == fl::AggregationSettings{}, ErrorCode::kUsage, origin + ".aggregation: statistics are summed, they take no rule");
  // A late update that counts with a factor is no count.
  require(!counts || s.federation.policy.late == fl::LateUpdates::kRefuse, ErrorCode::kUsage, origin + ".policy.late: statistics take no late update");
  require(fl::is_address(s.listen), ErrorCode::kUsage, origin + ".listen: expected host:port, found \"" + s.listen + "\"");
  require(s.enrolment.empty() || fl::is_address(s.enrolment), ErrorCode::kUsage, origin + ".enrolment: expected host:port, found \"" + s.enrolment + "\"");
  require(s.metrics_listen.empty() || fl::is_address(s.metrics_listen), ErrorCode::kUsage, origin + ".metrics_listen: expected host:port or nothing, found \"" + s.metrics_listen + "\"");
  require(std::isfinite(s.linger_seconds) && s.linger_seconds >= 0, ErrorCode::kUsage, origin + ".linger_seconds: expected 0 or more");
  for (std::string* path : {&s.keys, &s.initial_model, &s.folder}) *path = resolved(base, *path);
  return s;
}

Json to_json(const CoordinateSettings& s) {
  return {{"schema", "consilium.coordinator/1"}, {"listen", s.listen}, {"enrolment", s.enrolment}, {"name", s.name}, {"keys", s.keys}, {"task", word_of(s.task)}, {"initial_model", s.initial_model}, {"all_cases", s.all_cases}, {"statistics", to_json(s.statistics)}, {"folder", s.folder},
          {"linger_seconds", s.linger_seconds}, {"metrics_listen", s.metrics_listen}, {"sites", s.federation.sites}, {"quorum", s.federation.quorum}, {"deadline_seconds", s.federation.deadline_seconds}, {"policy", to_json(s.federation.policy)}, {"aggregation", to_json(s.federation.aggregation)}, {"compression", to_json(s.federation.compression)}, {"protection", to_json(s.federation.protection)}};
}

namespace {

/// The best model, alone: copied block by block, unless control variates have to be left out. That of several clusters once more, cluster by cluster.
void write_finished(const fs::path& folder, const fs::path& best, const ModelFile& initial) {
  const fs::path target = folder / "model.safetensors";
  const SafetensorsFile file(best);
  bool controls = false;
  for (std::size_t n = 0; n < file.size(); ++n) controls = controls || file.tensor(n).group == kControlGroup;
  write_cluster_models(target, best, initial.metadata);
  if (controls) write_safetensors(target, without_control_variates(read_safetensors(best).state), initial.metadata);
  else write_safetensors_copy(target, file, initial.metadata);
}

}  // namespace

fl::RunState coordinate(const CoordinateSettings& settings, const std::atomic<bool>* stop) {
  Start start = start_of(settings);
  const fl::FederationSettings& federation = start.federation;
  const fs::path folder = settings.folder;
  const fl::CoordinatorOptions options{settings.listen, settings.name, fl::tls_files(settings.keys, settings.name), folder, settings.linger_seconds, settings.enrolment, settings.metrics_listen};
  fl::RunState state = fl::run_coordinator(options, federation, std::move(start.initial.state), [&](const fl::RoundReport& report) {
    std::size_t accepted = 0;
    for (const fl::SiteOutcome& site : report.sites) {
      if (site.participation == fl::Participation::kAccepted) ++accepted;
      else log_warning(fmt::format("round {}: site {} {}: {}", report.round + 1, site.site, fl::to_string(site.participation), site.reason));
    }
    const std::string what = report.round < federation.rounds ? fmt::format("round {} of {}", report.round + 1, federation.rounds) : "last look";
    log_line(fmt::format("{}: {} of {} sites, validation of its start {:.3f}", what, accepted, report.sites.size(), report.validation));
    write_file(folder / "progress.json", Json{{"rounds_closed", report.round + 1}, {"rounds", federation.rounds}}.dump() + "\n");
  }, stop);
  const fl::RunStatus status = fl::read_run_status(folder);
  for (const std::string& warning : fl::warnings(status, status.alive_at)) log_warning(warning);  // who was missing is part of the result
  if (state.round <= federation.rounds) return state;
  if (settings.task != FederationTask::kStatistics) write_finished(folder, fl::RunStore(folder, federation).best_file(), start.initial);
  write_result(settings, state);
  return state;
}

}  // namespace consilium::pipelines
