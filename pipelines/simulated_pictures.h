#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/run_results.h"
#include "pipelines/simulated_sites.h"

namespace consilium::pipelines {

/// The images and references that the report shows, so that it needs nothing but the run's folder.
void write_pictures(const SimulationSettings& settings, const std::filesystem::path& data, const std::vector<LoadedSite>& sites, const std::vector<CaseResult>& results, const std::filesystem::path& run);

}  // namespace consilium::pipelines
