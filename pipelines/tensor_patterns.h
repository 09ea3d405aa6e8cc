#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "models/state/model_state.h"

namespace consilium::pipelines {

/// Numbers of the tensors of a model whose name fits a pattern ('*' and '?'). `key`: the setting that holds the patterns, for messages.
/// @throws Error{kUsage} naming a pattern that fits no tensor.
std::vector<std::size_t> fitting_tensors(const std::vector<std::string>& patterns, const ModelState& model, const std::string& key);

}  // namespace consilium::pipelines
