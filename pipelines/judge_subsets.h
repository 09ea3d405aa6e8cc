#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "pipelines/modality_subsets.h"
#include "pipelines/run_results.h"

namespace consilium::pipelines {

/// What a model makes of a case of which it is given these channels.
using PredictFrom = std::function<LabelMap(const PreparedCase& prepared, const ChannelSet& given)>;

/// Who is judged on whose cases.
struct SubsetRequest {
  std::string model, site;
  int fold = 0;
  const std::vector<const PreparedCase*>& cases;
  const ChannelSet& known;  ///< channels that the model was trained on: it is given no others
};

/// Dice of a model on every subset of the modalities of every case that it can run on. What a subset holds beside the model's known channels does not matter to it: it is judged as the subset that is left.
/// The results lie in `file`, so that a run that was stopped does not repeat them.
std::vector<SubsetResult> judge_subsets(const SubsetRequest& request, const TrainingSettings& settings, const std::filesystem::path& file, const PredictFrom& predict);

}  // namespace consilium::pipelines
