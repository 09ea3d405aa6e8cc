#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "models/state/model_state.h"
#include "models/training_case.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// How many of a site's training cases train each group of a model: of a network with modalities as models::cases_per_group, else all of them.
std::map<std::string, std::int64_t> cases_of_groups(const ModelState& model, const TrainingSettings& settings, std::span<const models::TrainingCase> samples);

}  // namespace consilium::pipelines
