#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/segmenter.h"
#include "pipelines/confidence.h"
#include "pipelines/dataset.h"

namespace consilium::pipelines {

/// What a model makes of a case, what it made it from, and how sure it is.
struct CasePrediction {
  LabelMap classes;                          ///< on the scanner's grid
  std::vector<RegionConfidence> confidence;  ///< in the order of region_names(target)
  std::map<std::string, double> gates;       ///< "MODALITY.LEVEL" -> mean share in the fusion (models/features.h); empty where nothing is fused by gates
};

CasePrediction predict_case(const models::Segmenter& segmenter, const PreparedCase& prepared, const TrainingSettings& settings);

/// The settings for predicting: a network of several modalities takes a case that lacks one, however it was trained.
TrainingSettings settings_to_predict(TrainingSettings settings);

/// "consilium.prediction/1": what lies beside a prediction. `origin` names model and labels.
struct PredictionOrigin {
  std::string model;   ///< digest of its weights (models/state/model_state.h)
  std::string labels;  ///< file name of the prediction
  std::string scheme;
};
Json to_json(const CasePrediction& prediction, const PreparedCase& prepared, const TrainingSettings& settings, const PredictionOrigin& origin);

/// The same in a few lines, each indented by two spaces.
std::string to_text(const CasePrediction& prediction, const PreparedCase& prepared, const TrainingSettings& settings);

}  // namespace consilium::pipelines
