#pragma once

#include "base/settings.h"
#include "fl/aggregate/cost_weights.h"
#include "fl/aggregate/fednova.h"
#include "fl/aggregate/fedopt.h"
#include "fl/aggregate/qfedavg.h"
#include "fl/aggregate/scaffold.h"

namespace consilium::fl {

/// How a round's updates become the next global model.
enum class AggregationRule { kFedAvg, kFedAvgM, kFedAdagrad, kFedAdam, kFedYogi, kFedCostWAvg, kFedPidAvg, kScaffold, kFedNova, kQFedAvg };
std::string_view to_string(AggregationRule rule);

struct AggregationSettings {
  AggregationRule rule = AggregationRule::kFedAvg;
  FedOptSettings server{};            ///< FedAvgM, FedAdagrad, FedAdam, FedYogi
  CostWeightSettings cost_weights{};  ///< FedCostWAvg, FedPIDAvg
  ScaffoldSettings scaffold{};
  QFedAvgSettings q_fed_avg{};

  bool operator==(const AggregationSettings&) const = default;
};

/// Keys: rule; learning_rate, beta1, beta2, tau; cases, progress, history; q. A key that the rule does not use is refused.
/// Defaults: FedAvgM rate 1; the adaptive rules rate 0.01; the cost rules as defaults_of.
/// @throws Error{kUsage}
void read_aggregation_settings(SettingsReader& reader, AggregationSettings& settings);
Json to_json(const AggregationSettings& settings);

/// What a rule remembers from round to round; part of a run's state.
using AggregationMemory = FedOptMemory;

/// What the rule needs of an update beyond require_valid. @throws Error{kCorruptData}
void require_usable(const AggregationSettings& settings, const Update& update);

/// The next global model; the one there is if no site trained on a case. `history`: reports of the rounds before; `federation_sites`: how many sites the federation has.
/// @throws as the rule.
ModelState aggregate(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory);

}  // namespace consilium::fl
