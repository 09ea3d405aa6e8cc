#include "fl/aggregate/aggregation.h"

#include <cmath>

#include "base/error.h"
#include "fl/aggregate/fedavg.h"

namespace consilium::fl {
namespace {

const std::vector<std::pair<std::string, AggregationRule>> kRules{{"fedavg", AggregationRule::kFedAvg},
                                                                  {"fedavgm", AggregationRule::kFedAvgM},
                                                                  {"fedadagrad", AggregationRule::kFedAdagrad},
                                                                  {"fedadam", AggregationRule::kFedAdam},
                                                                  {"fedyogi", AggregationRule::kFedYogi},
                                                                  {"fedcostwavg", AggregationRule::kFedCostWAvg},
                                                                  {"fedpidavg", AggregationRule::kFedPidAvg},
                                                                  {"scaffold", AggregationRule::kScaffold},
                                                                  {"fednova", AggregationRule::kFedNova},
                                                                  {"qfedavg", AggregationRule::kQFedAvg}};

bool is_adaptive(AggregationRule rule) { return rule == AggregationRule::kFedAdagrad || rule == AggregationRule::kFedAdam || rule == AggregationRule::kFedYogi; }
bool is_weighted_by_cost(AggregationRule rule) { return rule == AggregationRule::kFedCostWAvg || rule == AggregationRule::kFedPidAvg; }
CostRule cost_rule(AggregationRule rule) { return rule == AggregationRule::kFedPidAvg ? CostRule::kFedPidAvg : CostRule::kFedCostWAvg; }
bool has_server_optimiser(AggregationRule rule) { return is_adaptive(rule) || rule == AggregationRule::kFedAvgM; }
bool forgets_squares(AggregationRule rule) { return rule == AggregationRule::kFedAdam || rule == AggregationRule::kFedYogi; }

ServerOptimiser optimiser_of(AggregationRule rule) {
  switch (rule) {
    case AggregationRule::kFedAdagrad:
      return ServerOptimiser::kFedAdagrad;
    case AggregationRule::kFedAdam:
      return ServerOptimiser::kFedAdam;
    case AggregationRule::kFedYogi:
      return ServerOptimiser::kFedYogi;
    default:
      return ServerOptimiser::kFedAvgM;
  }
}

}  // namespace

std::string_view to_string(AggregationRule rule) {
  for (const auto& [word, value] : kRules)
    if (value == rule) return word;
  return "fedavg";
}

void read_aggregation_settings(SettingsReader& reader, AggregationSettings& s) {
  reader.choice("rule", s.rule, kRules);
  s.server = {};
  if (is_adaptive(s.rule)) s.server.learning_rate = 0.01;
  s.cost_weights = is_weighted_by_cost(s.rule) ? defaults_of(cost_rule(s.rule)) : CostWeightSettings{};
  // Only what the rule uses is asked for: the reader refuses the rest.
  if (has_server_optimiser(s.rule)) {
    reader.field("learning_rate", s.server.learning_rate);
    reader.field("beta1", s.server.beta1);
  }
  if (forgets_squares(s.rule)) reader.field("beta2", s.server.beta2);
  if (is_adaptive(s.rule)) reader.field("tau", s.server.tau);
  if (is_weighted_by_cost(s.rule)) {
    reader.field("cases", s.cost_weights.cases);
    reader.field("progress", s.cost_weights.progress);
  }
  if (s.rule == AggregationRule::kFedPidAvg) reader.field("history", s.cost_weights.history);
  s.scaffold = {};
  if (s.rule == AggregationRule::kScaffold) reader.field("learning_rate", s.scaffold.learning_rate);
  s.q_fed_avg = {};
  if (s.rule == AggregationRule::kQFedAvg) {
    reader.field("q", s.q_fed_avg.q);
    reader.field("learning_rate", s.q_fed_avg.learning_rate);
  }
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  for (const double rate : {s.server.learning_rate, s.scaffold.learning_rate, s.q_fed_avg.learning_rate}) check(std::isfinite(rate) && rate > 0, "learning_rate", "a number above 0");
  check(s.q_fed_avg.q >= 0 && s.q_fed_avg.q <= 100, "q", "0 to 100");
  check(s.server.beta1 >= 0 && s.server.beta1 < 1, "beta1", "0 to below 1");
  check(s.server.beta2 >= 0 && s.server.beta2 < 1, "beta2", "0 to below 1");
  check(std::isfinite(s.server.tau) && s.server.tau > 0, "tau", "a number above 0");
  const CostWeightSettings& w = s.cost_weights;
  for (const auto& [key, share] : {std::pair{"cases", w.cases}, std::pair{"progress", w.progress}, std::pair{"history", w.history}}) check(share >= 0 && share <= 1, key, "0 to 1");
  require(w.cases + w.progress + w.history > 0, ErrorCode::kUsage, reader.path() + ": cases, progress and history are all 0; give at least one a share");
}

Json to_json(const AggregationSettings& s) {
  Json json{{"rule", to_string(s.rule)}};
  if (has_server_optimiser(s.rule)) {
    json["learning_rate"] = s.server.learning_rate;
    json["beta1"] = s.server.beta1;
  }
  if (forgets_squares(s.rule)) json["beta2"] = s.server.beta2;
  if (is_adaptive(s.rule)) json["tau"] = s.server.tau;
  if (is_weighted_by_cost(s.rule)) {
    json["cases"] = s.cost_weights.cases;
    json["progress"] = s.cost_weights.progress;
  }
  if (s.rule == AggregationRule::kFedPidAvg) json["history"] = s.cost_weights.history;
  if (s.rule == AggregationRule::kScaffold) json["learning_rate"] = s.scaffold.learning_rate;
  if (s.rule == AggregationRule::kQFedAvg) {
    json["q"] = s.q_fed_avg.q;
    json["learning_rate"] = s.q_fed_avg.learning_rate;
  }
  return json;
}

void require_usable(const AggregationSettings& settings, const Update& update) {
  if (settings.rule == AggregationRule::kFedNova) require_step_norm(update);
  if (settings.rule == AggregationRule::kQFedAvg) require_global_loss(update);
}

ModelState aggregate(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory) {
  switch (settings.rule) {
    case AggregationRule::kFedAvg:
      return fed_avg(global, updates);
    case AggregationRule::kFedCostWAvg:
    case AggregationRule::kFedPidAvg: {
      const SiteWeights weights = cost_weights(cost_rule(settings.rule), settings.cost_weights, updates, history);
      return fed_avg(global, updates, &weights);
    }
    case AggregationRule::kScaffold:
      return scaffold(settings.scaffold, global, updates, federation_sites);
    case AggregationRule::kFedNova:
      return fed_nova(global, updates);
    case AggregationRule::kQFedAvg:
      return q_fed_avg(settings.q_fed_avg, global, updates);
    default:
      return fed_opt(optimiser_of(settings.rule), settings.server, global, updates, memory);
  }
}

}  // namespace consilium::fl
