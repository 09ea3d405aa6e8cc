#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>

#include "fl/run_store.h"
#include "pipelines/crew.h"
#include "pipelines/dataset.h"
#include "pipelines/run_results.h"
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

/// Trains single-site, pooled and federated models with equal steps, judges each on every site's test cases, and writes
/// RUN/results.json, RUN/models/[fold_<n>/]<model>.safetensors, RUN/predictions/<model>/<site>/<case>.nii.gz, and references and images for the pictures.
/// Started again, it goes on where it stopped. Several ranks on one folder share trainings, sites, rounds and predictions (pipelines/crew.h); every rank returns the results, one writes them.
/// @throws Error{kMismatch} the folder holds another simulation; Error{kNotFound} there is nothing to judge by; Error{kInterrupted} `stop` was
/// set; and as its parts.
RunResults simulate(const SimulationSettings& settings, const std::filesystem::path& data, const std::filesystem::path& run, const RunFederation& federate, const std::atomic<bool>* stop = nullptr,
                    const Rank& rank = {});

}  // namespace consilium::pipelines
