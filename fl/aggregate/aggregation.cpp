#include "fl/aggregate/aggregation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "fl/aggregate/anchors.h"
#include "fl/aggregate/fedavg.h"
#include "fl/aggregate/robust_weights.h"

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
                                                                  {"qfedavg", AggregationRule::kQFedAvg},
                                                                  {"norm_bound", AggregationRule::kNormBound},
                                                                  {"median", AggregationRule::kMedian},
                                                                  {"trimmed_mean", AggregationRule::kTrimmedMean},
                                                                  {"krum", AggregationRule::kKrum},
                                                                  {"multi_krum", AggregationRule::kMultiKrum},
                                                                  {"bulyan", AggregationRule::kBulyan},
                                                                  {"geometric_median", AggregationRule::kGeometricMedian},
                                                                  {"fltrust", AggregationRule::kFlTrust},
                                                                  {"foolsgold", AggregationRule::kFoolsGold}};

bool is_adaptive(AggregationRule rule) { return rule == AggregationRule::kFedAdagrad || rule == AggregationRule::kFedAdam || rule == AggregationRule::kFedYogi; }
bool is_weighted_by_cost(AggregationRule rule) { return rule == AggregationRule::kFedCostWAvg || rule == AggregationRule::kFedPidAvg; }
CostRule cost_rule(AggregationRule rule) { return rule == AggregationRule::kFedPidAvg ? CostRule::kFedPidAvg : CostRule::kFedCostWAvg; }
bool has_server_optimiser(AggregationRule rule) { return is_adaptive(rule) || rule == AggregationRule::kFedAvgM; }
bool forgets_squares(AggregationRule rule) { return rule == AggregationRule::kFedAdam || rule == AggregationRule::kFedYogi; }

/// The keys of the robust rules, as they are read and written.
struct RobustKeys {
  bool bound, cap, trim, attackers, keep, iterations, root, bucket;
};
RobustKeys robust_keys(AggregationRule rule) {
  const auto is = [&](AggregationRule other) { return rule == other; };
  const bool bounded = is(AggregationRule::kNormBound), geometric = is(AggregationRule::kGeometricMedian), many = is(AggregationRule::kMultiKrum);
  return {bounded, bounded, is(AggregationRule::kTrimmedMean), many || is(AggregationRule::kKrum) || is(AggregationRule::kBulyan), many, geometric, is(AggregationRule::kFlTrust), !bounded && is_robust(rule) && !is(AggregationRule::kFlTrust) && !is(AggregationRule::kFoolsGold)};
}

void read_robust(SettingsReader& reader, AggregationRule rule, RobustSettings& s) {
  s = {};
  const RobustKeys keys = robust_keys(rule);
  if (keys.bound) reader.field("bound", s.bound);
  if (keys.cap) reader.field("cap", s.cap);
  if (keys.trim) reader.field("trim", s.trim);
  if (keys.attackers) reader.field("attackers", s.attackers);
  if (keys.keep) reader.field("keep", s.keep);
  if (keys.iterations) reader.field("iterations", s.iterations);
  if (keys.root) reader.required("root", s.root);
  if (keys.bucket) reader.field("bucket", s.bucket);
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(std::isfinite(s.bound) && s.bound >= 0, "bound", "0, or a length above 0");
  check(std::isfinite(s.cap) && s.cap >= 1, "cap", "1 or more");
  check(s.trim >= 0 && s.trim < 0.5, "trim", "0 to below 0.5");
  check(s.attackers >= 0 && s.attackers <= 10000, "attackers", "0 or more");
  check(s.keep >= 0 && s.keep <= 10000, "keep", "0, or how many updates are averaged");
  check(s.iterations >= 1 && s.iterations <= 10000, "iterations", "1 to 10000");
  check(s.bucket >= 1 && s.bucket <= 1000, "bucket", "1 to 1000 updates");
}

void write_robust(Json& json, AggregationRule rule, const RobustSettings& s) {
  const RobustKeys keys = robust_keys(rule);
  if (keys.bound) json["bound"] = s.bound;
  if (keys.cap) json["cap"] = s.cap;
  if (keys.trim) json["trim"] = s.trim;
  if (keys.attackers) json["attackers"] = s.attackers;
  if (keys.keep) json["keep"] = s.keep;
  if (keys.iterations) json["iterations"] = s.iterations;
  if (keys.root) json["root"] = s.root;
  if (keys.bucket && s.bucket != 1) json["bucket"] = s.bucket;  // a run that was begun before there were buckets goes on
}

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
  s.cap = 0;
  if (s.rule == AggregationRule::kFedAvg) reader.field("cap", s.cap);
  require(s.cap == 0 || (std::isfinite(s.cap) && s.cap >= 1), ErrorCode::kUsage, reader.path() + ".cap: expected 0, or 1 or more");
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
  read_robust(reader, s.rule, s.robust);
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
  if (s.rule == AggregationRule::kFedAvg && s.cap > 0) json["cap"] = s.cap;
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
  write_robust(json, s.rule, s.robust);
  return json;
}

bool is_robust(AggregationRule rule) { return rule >= AggregationRule::kNormBound; }

std::int64_t least_updates(const AggregationSettings& s) {
  const auto of_buckets = [&](std::int64_t buckets) { return (buckets - 1) * s.robust.bucket + 1; };
  switch (s.rule) {
    case AggregationRule::kKrum:
    case AggregationRule::kMultiKrum:
      return of_buckets(std::max(2 * s.robust.attackers + 3, s.robust.keep));
    case AggregationRule::kBulyan:
      return of_buckets(4 * s.robust.attackers + 3);
    case AggregationRule::kFlTrust:
      return 2;
    default:
      return 1;
  }
}

void require_comparable(const AggregationSettings& s, const std::vector<std::string>& sites, std::int64_t quorum, bool merges_late, const std::string& path) {
  if (!is_robust(s.rule)) return;
  const std::string rule(to_string(s.rule));
  require(!merges_late, ErrorCode::kUsage, path + ".aggregation.rule: " + rule + " counts each site once a round; late updates cannot be merged");
  require(quorum >= least_updates(s), ErrorCode::kUsage, path + ".aggregation: " + rule + " needs the updates of " + std::to_string(least_updates(s)) + " sites in every round, the quorum is " + std::to_string(quorum));
  require(s.rule != AggregationRule::kFlTrust || std::find(sites.begin(), sites.end(), s.robust.root) != sites.end(), ErrorCode::kUsage, path + ".aggregation.root: \"" + s.robust.root + "\" is none of the sites");
}

void require_usable(const AggregationSettings& settings, const Update& update) {
  if (settings.rule == AggregationRule::kFedNova) require_step_norm(update);
  if (settings.rule == AggregationRule::kQFedAvg) require_global_loss(update);
}

namespace {

/// Shares of each update in the mean of a group, no site above `cap` equal shares.
Weighting by_capped_cases(std::span<const Update> updates, double cap) {
  std::map<std::pair<const Update*, std::string>, double> shares;
  std::set<std::string> groups;
  for (const Update& update : updates)
    for (const auto& [group, cases] : update.cases_per_group) groups.insert(group);
  for (const std::string& group : groups) {
    std::vector<const Update*> present;
    std::vector<double> cases;
    for (const Update* update : sorted_by_site(updates))
      if (const auto own = update->cases_per_group.find(group); own != update->cases_per_group.end() && own->second > 0) present.push_back(update), cases.push_back(static_cast<double>(own->second));
    const std::vector<double> capped = capped_shares(cases, cap);
    for (std::size_t n = 0; n < present.size(); ++n) shares[{present[n], group}] = capped[n];
  }
  return [shares = std::move(shares)](const Update& update, const std::string& group) { return shares.at({&update, group}); };
}

/// Each site's share of the model's values in a mean with these weights.
SiteWeights shares_in_mean(const ModelState& global, std::span<const Update> updates, const Weighting& weighting) {
  std::map<std::string, std::pair<double, SiteWeights>> of_group;  // total, and each site's weight
  for (const Update& update : updates)
    for (const auto& [group, cases] : update.cases_per_group) {
      const double weight = cases > 0 ? weighting(update, group) : 0;
      of_group[group].first += weight;
      of_group[group].second[update.site] += weight;
    }
  double values = 0;
  SiteWeights shares;
  for (const NamedTensor& tensor : global.tensors) values += static_cast<double>(tensor.values.size());
  for (const NamedTensor& tensor : global.tensors) {
    const auto& [total, weights] = of_group[tensor.group];
    for (const auto& [site, weight] : weights)
      if (total > 0) shares[site] += weight / total * static_cast<double>(tensor.values.size()) / values;
  }
  return shares;
}

/// Does the rule make anything else of updates than a point among them?
bool goes_beyond_the_mean(AggregationRule rule) {
  return has_server_optimiser(rule) || is_weighted_by_cost(rule) || rule == AggregationRule::kScaffold || rule == AggregationRule::kFedNova || rule == AggregationRule::kQFedAvg;
}

WeighedModel by_rule(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory) {
  switch (settings.rule) {
    case AggregationRule::kFedAvg: {
      const Weighting weighting = settings.cap > 0 ? by_capped_cases(updates, settings.cap) : by_cases();
      return {fed_avg(global, updates, weighting), shares_in_mean(global, updates, weighting)};
    }
    case AggregationRule::kFedCostWAvg:
    case AggregationRule::kFedPidAvg: {
      const SiteWeights weights = cost_weights(cost_rule(settings.rule), settings.cost_weights, updates, history);
      return {fed_avg(global, updates, &weights), shares_in_mean(global, updates, by_site(weights))};
    }
    case AggregationRule::kScaffold:
      return {scaffold(settings.scaffold, global, updates, federation_sites), {}};
    case AggregationRule::kFedNova:
      return {fed_nova(global, updates), {}};
    case AggregationRule::kQFedAvg:
      return {q_fed_avg(settings.q_fed_avg, global, updates), {}};
    case AggregationRule::kNormBound:
      return norm_bounded_mean(settings.robust, global, updates);
    case AggregationRule::kMedian:
      return median_step(settings.robust, global, updates);
    case AggregationRule::kTrimmedMean:
      return trimmed_mean_step(settings.robust, global, updates);
    case AggregationRule::kKrum: {
      RobustSettings one = settings.robust;
      one.keep = 1;
      return multi_krum_step(one, global, updates);
    }
    case AggregationRule::kMultiKrum:
      return multi_krum_step(settings.robust, global, updates);
    case AggregationRule::kBulyan:
      return bulyan_step(settings.robust, global, updates);
    case AggregationRule::kGeometricMedian:
      return geometric_median_step(settings.robust, global, updates);
    case AggregationRule::kFlTrust:
      return fl_trust_step(settings.robust, global, updates);
    case AggregationRule::kFoolsGold:
      return fools_gold_step(global, updates, memory.m);
    default:
      return {fed_opt(optimiser_of(settings.rule), settings.server, global, updates, memory), shares_in_mean(global, updates, by_cases())};
  }
}

}  // namespace

WeighedModel aggregate_weighed(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory) {
  WeighedModel next = by_rule(settings, global, updates, history, federation_sites, memory);
  if (goes_beyond_the_mean(settings.rule)) average_anchors(global, updates, next.global);
  return next;
}

ModelState aggregate(const AggregationSettings& settings, const ModelState& global, std::span<const Update> updates, std::span<const RoundReport> history, std::size_t federation_sites, AggregationMemory& memory) {
  return aggregate_weighed(settings, global, updates, history, federation_sites, memory).global;
}

}  // namespace consilium::fl
