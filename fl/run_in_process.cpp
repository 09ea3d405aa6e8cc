#include "fl/run_in_process.h"

#include <algorithm>

#include "base/error.h"
#include "base/parallel.h"
#include "fl/compress/round_encoder.h"
#include "fl/observer.h"
#include "fl/privacy/client_round.h"
#include "fl/round_protocols.h"
#include "models/state/safetensors.h"

namespace consilium::fl {

Update take_part(Trainer& trainer, const std::string& site, const RoundPlan& plan, const ModelState& global) {
  Update update;
  if (plan.is_last_look()) {
    update = trainer.last_look(plan, global);
  } else {
    const Validation validation = trainer.validate(plan, global);
    update = trainer.train(plan, global);
    update.validation = validation;
  }
  if (plan.protection.privacy && !plan.is_last_look()) shorten(update, *plan.protection.privacy);
  update.site = site;
  update.round = plan.round;
  update.base_digest = plan.base_digest;
  return update;
}

Update take_part_in_process(Trainer& trainer, const std::string& site, const RoundPlan& plan, const ModelState& global, const std::filesystem::path& site_folder) {
  Update update = take_part(trainer, site, plan, global);
  if (update.delta.tensors.empty()) return update;
  const std::uint64_t raw_bytes = safetensors_bytes(update.delta);
  const std::optional<std::string> bytes = RoundEncoder(site, compression_folder(site_folder)).encode(plan, update.delta, global);
  if (bytes) update.delta = DeltaDecoder(ByteSource::of_bytes(*bytes), global, "update").decode_all();
  note_bytes(update, bytes ? bytes->size() : raw_bytes, raw_bytes);
  return update;
}

namespace {

Update without_weights(const Update& update) {
  Update light;
  light.site = update.site;
  light.round = update.round;
  light.cases_per_group = update.cases_per_group;
  light.validation = update.validation;
  light.metrics = update.metrics;
  return light;
}

/// The sites' sides of a protocol, in this process.
class ProtectedSites {
 public:
  ProtectedSites(const FederationSettings& settings, const std::string& federation, const std::filesystem::path& folder, Coordinator& coordinator) : coordinator_(coordinator) {
    if (settings.protection.is_plain()) return;
    const SimulatedMembers members = simulated_members(settings.sites);
    coordinator.use_protocol(protocol_maker(settings, {federation, members.check, folder / "protocol"}));
    for (const std::string& site : settings.sites)
      sites_[site] = make_site_protocol(settings.protection, {members.identities.at(site), members.check, federation, folder / "sites" / site / "protocol", Durability::kKill});
  }
  /// All stages of the round. @throws Error{kMismatch} a site cannot go on.
  std::optional<RoundReport> close(const RoundPlan& plan, const std::map<std::string, Update>& updates) {
    for (std::uint32_t stages = 0; stages < kMostStages; ++stages) {
      for (const auto& [name, update] : updates) {
        const auto stage = coordinator_.protocol()->stage_for(name);
        if (!stage) continue;
        const auto answer = sites_.at(name)->answer(*stage, plan, coordinator_.state().global, update);
        if (!answer) continue;
        require(answer->declined.empty(), ErrorCode::kMismatch, "site \"" + name + "\": " + answer->declined);
        const Receipt receipt = coordinator_.answer(name, *answer, 0);
        require(receipt.kind != ReceiptKind::kRejected, ErrorCode::kMismatch, receipt.reason);
      }
      if (auto report = coordinator_.advance(0)) return report;
    }
    return std::nullopt;
  }

 private:
  Coordinator& coordinator_;
  std::map<std::string, std::unique_ptr<SiteProtocol>> sites_;
};

}  // namespace

FinishedRun run_in_process(const FederationSettings& settings, const ModelState& initial, const std::vector<std::pair<std::string, Trainer*>>& trainers, const std::filesystem::path& folder,
                        const std::function<void(const RoundReport&)>& on_round, const std::function<void(const Event&)>& on_event) {
  std::vector<std::string> names, wanted = settings.sites;
  for (const auto& [name, trainer] : trainers) names.push_back(name);
  std::sort(names.begin(), names.end());
  std::sort(wanted.begin(), wanted.end());
  require(names == wanted, ErrorCode::kUsage, "the trainers are not those of the settings' sites");
  RunStore store(folder, settings);
  const auto saved = store.load();
  Coordinator coordinator = saved ? Coordinator(settings, *saved, 0) : Coordinator(settings, initial, 0);
  if (!saved) store.save(coordinator.state());
  if (coordinator.is_finished()) return {with_whole_reports(coordinator.state(), folder), read_safetensors(store.best_file()).state};
  ProtectedSites protected_sites(settings, store.federation(), folder, coordinator);
  Observer observer(folder, coordinator);
  if (on_event) observer.on_event(on_event);
  while (!coordinator.is_finished()) {
    const RoundPlan plan = coordinator.plan();
    const ModelState& global = coordinator.state().global;
    std::vector<std::pair<std::string, Trainer*>> asked;
    std::copy_if(trainers.begin(), trainers.end(), std::back_inserter(asked), [&](const auto& trainer) { return coordinator.is_asked(trainer.first); });
    std::vector<Update> updates(asked.size());
    parallel_for(asked.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t n = begin; n < end; ++n) {
        const auto& [name, trainer] = asked[n];
        observer.reported(name, {.state = plan.is_last_look() ? SiteState::kValidating : SiteState::kTraining, .round = plan.round});
        updates[n] = take_part_in_process(*trainer, name, plan, global, folder / "sites" / name);
        observer.reported(name, {.state = SiteState::kWaiting, .round = plan.round});
      }
    });
    std::optional<RoundReport> report;
    if (!plan.protection.is_plain()) {
      std::map<std::string, Update> by_site;
      for (std::size_t n = 0; n < asked.size(); ++n) by_site[asked[n].first] = std::move(updates[n]);
      report = protected_sites.close(plan, by_site);
      Update told;
      told.round = plan.round;
      for (const auto& [name, trainer] : asked) observer.judged(name, told, {});
    }
    for (std::size_t n = 0; n < asked.size() && !report; ++n) {
      const Update told = without_weights(updates[n]);
      const Receipt receipt = coordinator.receive(asked[n].first, std::move(updates[n]));
      observer.judged(asked[n].first, told, receipt);
      require(receipt.kind == ReceiptKind::kAccepted, ErrorCode::kMismatch, receipt.reason);
    }
    if (!report) report = coordinator.advance(0);
    require(report.has_value(), ErrorCode::kUnexpected, "a round with every update did not close");
    store.save(coordinator.state());
    observer.tell_of(*report, coordinator);
    if (on_round) on_round(*report);
  }
  return {with_whole_reports(coordinator.state(), folder), read_safetensors(store.best_file()).state};
}

}  // namespace consilium::fl
