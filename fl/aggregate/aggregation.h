#pragma once

#include "base/settings.h"
#include "fl/aggregate/cost_weights.h"
#include "fl/aggregate/fednova.h"
#include "fl/aggregate/fedopt.h"
#include "fl/aggregate/fools_gold.h"
#include "fl/aggregate/qfedavg.h"
#include "fl/aggregate/robust.h"
#include "fl/aggregate/scaffold.h"

namespace consilium::fl {

/// How a round's updates become the next global model.
enum class AggregationRule { kFedAvg, kFedAvgM, kFedAdagrad, kFedAdam, kFedYogi, kFedCostWAvg, kFedPidAvg, kScaffold, kFedNova, kQFedAvg, kNormBound, kMedian, kTrimmedMean, kKrum, kMultiKrum, kBulyan, kGeometricMedian, kFlTrust, kFoolsGold };
std::string_view to_string(AggregationRule rule);

struct AggregationSettings {
  AggregationRule rule = AggregationRule::kFedAvg;
  double cap = 0;                     ///< FedAvg: most that a site counts for, in equal shares, as RobustSettings::cap; 0: what its cases are
  FedOptSettings server{};            ///< FedAvgM, FedAdagrad, FedAdam, FedYogi
  CostWeightSettings cost_weights{};  ///< FedCostWAvg, FedPIDAvg
  ScaffoldSettings scaffold{};
  QFedAvgSettings q_fed_avg{};
  RobustSettings robust{};            ///< NormBound to FLTrust

  bool operator==(const AggregationSettings&) const = default;
};

/// Keys: rule; cap (also of fedavg); bucket; learning_rate, beta1, beta2, tau; cases, progress, history; q; bound, cap, trim, attackers, keep, iterations, root. A key that the rule does not use is refused.
/// Defaults: FedAvgM rate 1; the adaptive rules rate 0.01; the cost rules as defaults_of.
/// @throws Error{kUsage}
void read_aggregation_settings(SettingsReader& reader, AggregationSettings& settings);
Json to_json(const AggregationSettings& settings);

/// Does it hold while some sites send whatever they like?
bool is_robust(AggregationRule rule);
/// Updates without which the rule cannot tell a site that lies: 1 for rules that trust every site.
std::int64_t least_updates(const AggregationSettings& settings);
/// A rule that compares sites needs enough of them in every round, each once; the root of FLTrust is one of them. @throws Error{kUsage} naming the key below `path`.
void require_comparable(const AggregationSettings& settings, const std::vector<std::string>& sites, std::int64_t quorum, bool merges_late, const std::string& path);

/// What a rule remembers from round to round; part of a run's state. FoolsGold keeps its histories in `m`.
using AggregationMemory = FedOptMemory;

/// What the rule needs of an update beyond require_valid. @throws Error{kCorruptData}
void require_usable(const AggregationSettings& settings, const Update& update);

/// The next global model; the one there is if no site trained on a case. Anchors (fl/aggregate/anchors.h) are averaged by their cases under every rule but the robust ones. `history`: reports of the rounds before; `federation_sites`: how many sites the federation has.
/// @throws as the rule.
WeighedModel aggregate_weighed(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory);
ModelState aggregate(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory);

}  // namespace consilium::fl
