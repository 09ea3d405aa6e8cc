#pragma once

#include "base/settings.h"
#include "fl/aggregate/cost_weights.h"
#include "fl/aggregate/fedopt.h"

namespace consilium::fl {

/// How a round's updates become the next global model.
enum class AggregationRule { kFedAvg, kFedAvgM, kFedAdagrad, kFedAdam, kFedYogi, kFedCostWAvg, kFedPidAvg };
std::string_view to_string(AggregationRule rule);

struct AggregationSettings {
  AggregationRule rule = AggregationRule::kFedAvg;
  FedOptSettings server{};            ///< FedAvgM, FedAdagrad, FedAdam, FedYogi
  CostWeightSettings cost_weights{};  ///< FedCostWAvg, FedPIDAvg

  bool operator==(const AggregationSettings&) const = default;
};

/// Keys: rule; learning_rate, beta1, beta2, tau; cases, progress, history. A key that the rule does not use is refused.
/// Defaults: FedAvgM rate 1; the adaptive rules rate 0.01; the cost rules as defaults_of.
/// @throws Error{kUsage}
void read_aggregation_settings(SettingsReader& reader, AggregationSettings& settings);
Json to_json(const AggregationSettings& settings);

/// What a rule remembers from round to round; part of a run's state.
using AggregationMemory = FedOptMemory;

/// The next global model. `history`: reports of the rounds before. @throws as the rule.
ModelState aggregate(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, AggregationMemory& memory);

}  // namespace consilium::fl
