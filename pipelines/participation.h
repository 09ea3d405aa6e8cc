#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// Who took part in the rounds of a federation, from the events in its coordinator's folder. Empty where there are none.
std::vector<RoundParticipation> read_participation(const std::filesystem::path& folder, int fold);

}  // namespace consilium::pipelines
