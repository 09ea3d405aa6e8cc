#pragma once

#include "fl/run_store.h"
#include "pipelines/simulation_settings.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {

/// What came out of a simulated federation: its best model, and the curve, times and bytes that its reports tell. `most_cases`: of the site that trains most, whose steps are counted.
TrainedModel federated_model(const fl::FinishedRun& run, const SimulationSettings& settings, std::size_t most_cases);

/// Adds what a site said of its round to the model's seconds and bytes.
void add_costs(const fl::SiteOutcome& site, ModelSummary& summary);

}  // namespace consilium::pipelines
