#pragma once

#include <atomic>
#include <filesystem>

#include "pipelines/simulation_settings.h"

namespace consilium::pipelines {

/// The federated statistics of a simulation's sites, each with the settings' minimum-count rule, over the coordinator and the store of a real federation in this process;
/// `folder` is the coordinator's. Started again, it goes on. @throws Error{kUsage} the settings name none; as StatisticsTrainer.
Json simulate_statistics(const SimulationSettings& settings, const std::filesystem::path& data, const std::filesystem::path& folder, const std::atomic<bool>* stop = nullptr);

}  // namespace consilium::pipelines
