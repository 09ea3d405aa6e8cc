#pragma once

#include <map>
#include <string>

#include "base/settings.h"
#include "models/state/safetensors.h"

namespace consilium::pipelines {

/// What a model file says of how its network was made and trained: a TrainingSettings as JSON, in the safetensors metadata.
inline constexpr const char* kTrainingKey = "consilium.training";

std::map<std::string, std::string> model_metadata(const Json& training);
/// @throws Error{kUnsupported} a safetensors file that consilium did not write; Error{kCorruptData} its JSON is damaged.
Json training_metadata(const ModelFile& file, const std::string& origin);

}  // namespace consilium::pipelines
