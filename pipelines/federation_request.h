#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fl/run_store.h"
#include "pipelines/crew.h"
#include "pipelines/dataset.h"
#include "pipelines/simulation_settings.h"

namespace consilium::pipelines {

/// What the federation of one fold is run with. In a run over processes the sites read their data themselves.
struct FederationRequest {
  const SimulationSettings& settings;
  std::filesystem::path data;
  int fold = 0;
  std::vector<std::pair<std::string, SiteSplit>> sites;
  std::filesystem::path folder;    ///< of this federation
  std::function<void(std::int64_t steps, std::optional<double> loss)> on_step;  ///< no loss where the sites' own processes know it
  const std::atomic<bool>* stop = nullptr;  ///< when set, the federation ends early, in order
  Rank rank{};
};
using RunFederation = std::function<fl::FinishedRun(const FederationRequest&)>;

/// The coordinator and the sites as threads of this process; without a coordinator, as simulate_peers.
fl::FinishedRun federate_in_process(const FederationRequest& request);

/// Everything a site's part in fold `fold` needs, from its own folder.
SiteSplit split_site(const std::vector<PreparedCase>& cases, const SimulatedSite& site, const SimulationSettings& settings, int fold);
fl::FederationSettings federation_settings(const FederationRequest& request);
/// The model that it starts from: drawn, or of the settings' file, as starting_model and federation_start.
ModelState federation_start(const FederationRequest& request);

}  // namespace consilium::pipelines
