#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipelines/simulation_settings.h"

namespace consilium::tools {

/// What `consilium train` reads.
struct TrainSettings {
  std::vector<pipelines::SimulatedSite> sites;
  pipelines::TrainingSettings training;
};

/// Relative folders are taken from `base`. @throws Error{kUsage} naming the key, and the nearest known one.
TrainSettings parse_train_settings(const Json& json, const std::string& origin, const std::filesystem::path& base);

}  // namespace consilium::tools
