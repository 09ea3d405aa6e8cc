#include "pipelines/simulate_ranks.h"

#include <map>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "fl/observer.h"
#include "fl/run_in_process.h"
#include "fl/run_store.h"
#include "models/state/safetensors_file.h"
#include "pipelines/site_trainer.h"

namespace consilium::pipelines {
namespace {

/// Updates on their way from one rank to another: UPDATES/round_R/SITE.safetensors, and SITE.json, which is written last.
class UpdateFiles {
 public:
  UpdateFiles(fs::path folder, std::int64_t round) : folder_(folder / ("round_" + std::to_string(round))) {}

  bool has(const std::string& site) const { return fs::exists(words(site)); }
  void write(const std::string& site, const fl::Update& update) const {
    write_safetensors(weights(site), update.delta);
    write_file(words(site), Json{{"round", update.round}, {"base_digest", update.base_digest}, {"cases_per_group", update.cases_per_group}, {"validation", {{"score", update.validation.score}, {"cases", update.validation.cases}, {"weight", update.validation.weight}}}, {"step_norm", update.step_norm}, {"metrics", update.metrics}}.dump() + "\n");
  }
  fl::Update read(const std::string& site) const {
    const Json json = read_json(words(site));
    fl::Update update;
    SettingsReader reader(json, words(site).string());
    reader.required("round", update.round);
    reader.required("base_digest", update.base_digest);
    reader.required("cases_per_group", update.cases_per_group);
    reader.object("validation", [&](SettingsReader& validation) {
      validation.required("score", update.validation.score);
      validation.required("cases", update.validation.cases);
      validation.field("weight", update.validation.weight);
    });
    reader.field("step_norm", update.step_norm);
    reader.required("metrics", update.metrics);
    reader.finish();
    update.delta_file = std::make_shared<const SafetensorsFile>(weights(site));
    return update;
  }
  /// Of a round that is closed. The words stay: they tell a rank that lags behind that there is nothing to do.
  void remove_weights(const std::string& site) const {
    std::error_code ignored;
    fs::remove(weights(site), ignored);
  }

 private:
  fs::path words(const std::string& site) const { return folder_ / (site + ".json"); }
  fs::path weights(const std::string& site) const { return folder_ / (site + ".safetensors"); }
  fs::path folder_;
};

struct TrainedSite {
  std::string name;
  std::unique_ptr<SiteTrainer> trainer;
};

std::vector<TrainedSite> trainers_of(const FederationRequest& request) {
  std::vector<TrainedSite> sites;
  for (const auto& [name, split] : request.sites)
    if (!split.train.empty()) sites.push_back({name, std::make_unique<SiteTrainer>(name, split, trainer_folder(request.folder / "sites" / name), request.on_step, request.settings.training.device)});
  return sites;
}

/// The state of the run, made if it is new. One rank at a time has the store open.
fl::RunState load_or_begin(const FederationRequest& request, const fl::FederationSettings& settings) {
  fl::RunStore store(request.folder, settings);
  if (auto saved = store.load()) return *saved;
  const fl::Coordinator coordinator(settings, federation_start(request), 0);
  store.save(coordinator.state());
  const fl::Observer observer(request.folder, coordinator);  // the run has begun
  return coordinator.state();
}

/// Closes round `round` with the updates that are on disk, unless another rank has.
fl::RunState close_round(const FederationRequest& request, const fl::FederationSettings& settings, std::int64_t round) {
  fl::RunStore store(request.folder, settings);
  auto saved = store.load();
  require(saved.has_value(), ErrorCode::kCorruptData, request.folder.string() + ": its history has vanished");
  if (saved->round != round) return *saved;
  const UpdateFiles files(request.folder / "updates", round);
  fl::Coordinator coordinator(settings, std::move(*saved), 0);
  fl::Observer observer(request.folder, coordinator);
  const std::vector<std::string> asked = coordinator.asked();
  for (const std::string& site : asked) {
    const fl::Update update = files.read(site);  // its weights stay on disk
    const fl::Receipt receipt = coordinator.receive(site, update);
    observer.judged(site, update, receipt);
    require(receipt.kind == fl::ReceiptKind::kAccepted, ErrorCode::kMismatch, receipt.reason);
  }
  const auto report = coordinator.advance(0);
  require(report.has_value(), ErrorCode::kUnexpected, "a round with every update did not close");
  store.save(coordinator.state());
  observer.tell_of(*report, coordinator);
  for (const std::string& site : asked) files.remove_weights(site);
  return coordinator.state();
}

}  // namespace

fl::FinishedRun federate_among_ranks(const FederationRequest& request) {
  require(request.settings.topology == fl::Topology::kCoordinator, ErrorCode::kUnsupported, "topology " + std::string(to_string(request.settings.topology)) + " is simulated in one process only; start it without mpirun");
  require(request.settings.protection.is_plain(), ErrorCode::kUnsupported, "protected updates are simulated in one process only; start it without mpirun");
  const fl::FederationSettings settings = federation_settings(request);
  const Crew crew(request.rank, request.folder / "claims", request.stop);
  const std::vector<TrainedSite> sites = trainers_of(request);
  fl::RunState state;
  crew.in_turn("store", [&] { state = load_or_begin(request, settings); });
  for (;;) {
    const fl::Coordinator coordinator(settings, state, 0);
    if (coordinator.is_finished()) break;
    const fl::RoundPlan plan = coordinator.plan();
    const UpdateFiles files(request.folder / "updates", plan.round);
    // Claims are by site, not by round: a site's memory of one round is never read while another rank still writes it.
    crew.share("sites", sites.size(), [&](std::size_t n) { return files.has(sites[n].name) || !coordinator.is_asked(sites[n].name); },
               [&](std::size_t n) { files.write(sites[n].name, fl::take_part_in_process(*sites[n].trainer, sites[n].name, plan, state.global, request.folder / "sites" / sites[n].name)); });
    crew.in_turn("store", [&] { state = close_round(request, settings, plan.round); });
  }
  fl::FinishedRun run{fl::with_whole_reports(std::move(state), request.folder), {}};
  crew.in_turn("store", [&] { run.best = read_safetensors(fl::RunStore(request.folder, settings).best_file()).state; });
  return run;
}

}  // namespace consilium::pipelines
