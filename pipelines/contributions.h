#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// What each site's updates were beside the others', from the reports in a coordinator's folder. Empty where there are none.
std::vector<SiteContribution> read_contributions(const std::filesystem::path& folder, int fold);

}  // namespace consilium::pipelines
