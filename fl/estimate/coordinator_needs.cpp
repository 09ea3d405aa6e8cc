#include "fl/estimate/coordinator_needs.h"

namespace consilium::fl {

namespace {

// The bound that the coordinator is held to: two models and what is small (docs/decisions/0010_updates_on_disk.md).
constexpr double kModelsInMemory = 2.2;
constexpr double kProgramBytes = 64e6;
constexpr double kModelsOnDisk = 3;  ///< global, best, and the next while it is written

}  // namespace

double coordinator_memory_bytes(const EstimateSettings& s) { return kModelsInMemory * s.model_bytes + kProgramBytes; }

double coordinator_disk_bytes(const EstimateSettings& s) { return kModelsOnDisk * s.model_bytes + static_cast<double>(s.sites) * s.model_bytes / s.upload_compression; }

}  // namespace consilium::fl
