#pragma once

#include <string>
#include <vector>

#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// Per site what its updates were beside the others'. Empty when nothing was recorded.
std::string contribution_table(const RunResults& results);

/// Sites whose updates were nearly those of another site, a sentence each.
std::vector<std::string> look_alikes(const RunResults& results);

}  // namespace consilium::pipelines
