#pragma once

#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium::pipelines {

/// Names of the tensors that a training leaves as they are: all that fit none of its patterns of trainable ones ('*' and '?'). Without patterns everything is trained.
///
/// A few tensors of a model that was trained elsewhere are what differential privacy with few patients can be had for: its noise grows with the square root of the numbers that are trained
/// (docs/privacy.md). They are also all that is sent.
/// @throws Error{kUsage} naming a pattern that fits no tensor.
std::vector<std::string> untrained_tensors(const std::vector<std::string>& trainable, const ModelState& model);

/// The model without the tensors of these names.
ModelState without_tensors(ModelState model, const std::vector<std::string>& names);

}  // namespace consilium::pipelines
