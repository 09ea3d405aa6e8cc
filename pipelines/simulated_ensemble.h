#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/federation_request.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {

/// A federation per modality, of the sites that have cases with it. `trained`: who trains at all.
TrainedModel train_ensemble(const FederationRequest& request, const RunFederation& federate, const std::vector<SiteCases>& trained);

/// The ensemble's networks, each as a model file of its own below `folder`.
void write_members(const std::filesystem::path& folder, const TrainedModel& model, const TrainingSettings& settings);

}  // namespace consilium::pipelines
