#pragma once

#include <filesystem>

#include "fl/protection_settings.h"
#include "pipelines/round_memory.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// Do sites end with models of their own: personal tensors, groups of too few owners, Ditto's, or their cluster's?
bool has_site_models(const TrainingSettings& settings, const fl::ProtectionSettings& protection = {});

/// What a site uses, and is judged by, in place of the global model that came out of `trainings` rounds: without control variates, with the site's personal tensors and groups, the
/// site's own model of Ditto, or its cluster's. `folder`: of the site's trainer.
/// @throws as PersonalTensors; Error{kMismatch} the model in the folder is another one's.
ModelState model_at_site(const TrainingSettings& settings, const std::filesystem::path& folder, ModelState global, std::int64_t trainings);

/// The cluster whose model that is: the site's last choice, 0 where it never made one.
std::int64_t cluster_at_site(const TrainingSettings& settings, const std::filesystem::path& folder, std::int64_t trainings);

/// The model a federation starts from: `model`, with control variates where the sites use them, or as the first of several clusters, whose initial weights are drawn from the seeds that
/// follow, unless they begin as one.
ModelState federation_start(const TrainingSettings& settings, const ModelState& model);

/// Ditto's model of the site's own, v, kept through the rounds; all rounds are, because the best one is known only at the end.
RoundMemory ditto_memory(const std::filesystem::path& folder);

}  // namespace consilium::pipelines
