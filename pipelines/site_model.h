#pragma once

#include <filesystem>

#include "pipelines/round_memory.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// Do sites end with models of their own: personal tensors, or Ditto's?
bool has_site_models(const TrainingSettings& settings);

/// What a site uses, and is judged by, in place of the global model that came out of `trainings` rounds: without control variates, with the site's personal tensors, or
/// the site's own model of Ditto. `folder`: of the site's trainer.
/// @throws as PersonalTensors; Error{kMismatch} the model in the folder is another one's.
ModelState model_at_site(const TrainingSettings& settings, const std::filesystem::path& folder, ModelState global, std::int64_t trainings);

/// The model a federation starts from: `model`, with control variates where the sites use them.
ModelState federation_start(const TrainingSettings& settings, const ModelState& model);

/// Ditto's model of the site's own, v, kept through the rounds; all rounds are, because the best one is known only at the end.
RoundMemory ditto_memory(const std::filesystem::path& folder);

}  // namespace consilium::pipelines
