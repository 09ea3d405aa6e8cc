#pragma once

#include "fl/estimate/estimate_settings.h"

namespace consilium::fl {

/// Peak memory of the coordinator's process: it does not grow with the number of sites.
double coordinator_memory_bytes(const EstimateSettings& settings);

/// Disk that the coordinator needs while a round is open: the updates of all sites, the models of the run and one being written.
double coordinator_disk_bytes(const EstimateSettings& settings);

}  // namespace consilium::fl
