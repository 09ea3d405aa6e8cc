#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "models/fit.h"
#include "models/state/model_state.h"

namespace consilium::pipelines {

/// `trained` with the anchors that its training found: each class's mean feature in place of the anchor that training started from, where a case had the class.
/// @throws Error{kMismatch} a mean of another length than its anchor.
ModelState with_class_means(ModelState trained, const models::FitReport& report);
/// Puts into `cases` how many cases each anchor is the mean of; 0 where training has seen none.
void count_class_means(const models::FitReport& report, std::map<std::string, std::int64_t>& cases);

}  // namespace consilium::pipelines
