#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fl/event.h"
#include "fl/run_store.h"
#include "fl/trainer.h"

namespace consilium::fl {

/// One round at one site: validation of the global model, then training unless it is the last look.
Update take_part(Trainer& trainer, const std::string& site, const RoundPlan& plan, const ModelState& global);

/// take_part, and the update as the coordinator would have it after its way over the wire: compressed as the plan says and decoded again, its bytes counted. What
/// compression remembers lies below `site_folder`.
Update take_part_in_process(Trainer& trainer, const std::string& site, const RoundPlan& plan, const ModelState& global, const std::filesystem::path& site_folder);

/// A whole federation in this process: the coordinator and the store of a real one, sites as trainers on up to thread_limit() threads.
/// Started again on the same folder, it goes on after the last closed round. `on_round` is called after each; `on_event` as Observer's listeners.
/// @throws Error of a trainer, as RunStore, and Error{kUsage} when the trainers are not those of the settings.
FinishedRun run_in_process(const FederationSettings& settings, const ModelState& initial, const std::vector<std::pair<std::string, Trainer*>>& trainers, const std::filesystem::path& folder,
                        const std::function<void(const RoundReport&)>& on_round = {}, const std::function<void(const Event&)>& on_event = {});

}  // namespace consilium::fl
