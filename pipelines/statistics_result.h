#pragma once

#include "base/settings.h"
#include "fl/round.h"
#include "models/state/model_state.h"
#include "pipelines/statistics_task.h"

namespace consilium::pipelines {

/// What a federation counted, as JSON (docs/formats.md, "Federated statistics"): `means` is its global state after both rounds, `reports` say who took part.
/// @throws Error{kCorruptData} the state holds no means of counts.
Json statistics_result(const StatisticsTask& task, const ModelState& means, const std::vector<fl::RoundReport>& reports);

}  // namespace consilium::pipelines
