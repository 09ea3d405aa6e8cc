#pragma once

#include <atomic>
#include <filesystem>
#include <vector>

#include "pipelines/dataset.h"
#include "pipelines/measure_alignment.h"
#include "pipelines/simulation_settings.h"

namespace consilium::pipelines {

/// A simulation's site and its cases.
struct LoadedSite {
  const SimulatedSite* site;
  std::vector<PreparedCase> cases;
  std::vector<PreparedCase> as_trained{};  ///< the same cases without the channels that the site does not own; empty: it owns all
};

/// @throws as prepare_site; Error{kInterrupted}
std::vector<LoadedSite> load_sites(const SimulationSettings& settings, const std::filesystem::path& data, const std::atomic<bool>* stop);

/// Said before hours of training, not after. @throws Error{kNotFound} there is nothing to judge by
void require_judgement(const std::vector<LoadedSite>& sites, const SimulationSettings& settings);

/// Which of the sites' cases train, choose and judge in a fold. What a site trains on has no other channels than its own; a case that has none of them is left out.
std::vector<SiteSplit> split_sites(const std::vector<LoadedSite>& sites, const SimulationSettings& settings, int fold);

SiteTestCases test_cases_of(const std::vector<LoadedSite>& sites, const std::vector<SiteSplit>& splits);

}  // namespace consilium::pipelines
