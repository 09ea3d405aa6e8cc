#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/predict.h"
#include "models/segmenter.h"
#include "pipelines/dataset.h"
#include "pipelines/evaluate.h"

namespace consilium::pipelines {

/// The network of the settings with these weights, on their device. @throws Error{kMismatch} the weights are those of another network.
models::Segmenter to_segmenter(const TrainingSettings& settings, const ModelState& state);

/// The case's images as the network takes them, [C, D, H, W]; a view of `prepared`.
at::Tensor image_of(const PreparedCase& prepared);
/// Windows in which a network of these settings looks at a case.
models::WindowOptions prediction_window(const TrainingSettings& settings);

/// Probabilities of the target's classes on the case's grid, background first. What `prepared.sample.present` says is absent is not looked at.
std::vector<Volume> class_probabilities(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings);

/// Classes of a case on the scanner's own grid.
LabelMap segment(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings);

/// Dice, HD95 and volumes of one prediction, in those of the target's regions that the case's reference shows. @throws Error{kNotFound} the case has no reference.
std::vector<RegionScore> score(const LabelMap& classes, const PreparedCase& prepared, Target target);

/// Mean over cases of the mean Dice over the regions that the site annotates; a case without any is left out. 0 without cases.
double validation_score(const models::Segmenter& segmenter, const std::vector<const PreparedCase*>& cases, const TrainingSettings& settings);

/// A model with all that is needed to use it: the settings travel in the file's metadata.
void write_model(const std::filesystem::path& path, const ModelState& state, const TrainingSettings& settings);
struct LoadedModel {
  models::Segmenter segmenter;
  TrainingSettings settings;
};
/// @throws as read_safetensors, training_metadata and to_segmenter.
LoadedModel read_model(const std::filesystem::path& path, c10::Device device = c10::Device(c10::kCPU));

}  // namespace consilium::pipelines
