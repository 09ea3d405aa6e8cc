#pragma once

#include <string>

#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// What of a training does not go together with a network of several modalities. @throws Error{kUsage} naming it and the reason.
void require_multimodal_fits(const TrainingSettings& settings, const std::string& path);

}  // namespace consilium::pipelines
