#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipelines/alignment_results.h"
#include "pipelines/train_model.h"

namespace consilium::pipelines {

/// Test cases of the sites.
using SiteTestCases = std::vector<std::pair<std::string, std::vector<const PreparedCase*>>>;

/// How a trained network of several modalities places the test cases, beside the untrained one that it started from, and what its fusion weighs. Nothing for a network without modalities.
AlignmentResults measure_alignment(const TrainedModel& model, const SiteTestCases& sites, const TrainingSettings& settings);

}  // namespace consilium::pipelines
