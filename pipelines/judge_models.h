#pragma once

#include <string>

#include "pipelines/judge_subsets.h"
#include "pipelines/modality_ensemble.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {

/// How a trained model segments at a site: by the site's own model where it has one, by its networks together if it is an ensemble. Networks are made when they are first needed; one thread.
/// References must outlive it.
PredictFrom predictor_of(const TrainedModel& model, const std::string& site, const TrainingSettings& settings);

/// The channels that a model is given: those of the cases that it was trained on.
ChannelSet known_to(const TrainedModel& model, const std::vector<SiteCases>& trained, const TrainingSettings& settings);

}  // namespace consilium::pipelines
