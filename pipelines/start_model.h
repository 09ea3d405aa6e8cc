#pragma once

#include <filesystem>

#include "models/segmenter.h"
#include "pipelines/training_settings.h"

namespace consilium::pipelines {

/// Makes a training begin with the weights of a model that was trained before, in place of drawn ones.
///
/// The settings hold the weights' digest, which travels with the plan and stands in every model made from them; the file stays where it is.
/// @throws Error{kMismatch} the settings name other weights; as read_safetensors.
void begin_with(const std::filesystem::path& file, TrainingSettings& settings);

/// What every model of a comparison starts from: drawn from the settings' seed, or the weights in `start` where the settings have begun with them.
/// @throws Error{kUsage} a pattern of the settings fits no tensor, or weights are named and no file is given; Error{kMismatch} naming `start`: it holds other weights, or those of another network.
models::Segmenter starting_model(const TrainingSettings& settings, const std::filesystem::path& start);

}  // namespace consilium::pipelines
