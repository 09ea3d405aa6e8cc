#include "pipelines/attack/poison_settings.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "fl/federation_settings.h"

namespace consilium::pipelines {
namespace {

std::vector<std::string> numbered(std::vector<std::string> names) {
  std::map<std::string, int> seen;
  for (std::string& name : names)
    if (const int count = ++seen[name]; count > 1) name += " (" + std::to_string(count) + ")";
  return names;
}

std::vector<fl::AggregationSettings> default_rules(std::size_t sites, std::size_t attackers) {
  using fl::AggregationRule;
  std::vector<fl::AggregationSettings> rules;
  for (const AggregationRule rule : {AggregationRule::kFedAvg, AggregationRule::kNormBound, AggregationRule::kMedian, AggregationRule::kTrimmedMean, AggregationRule::kKrum, AggregationRule::kMultiKrum,
                                     AggregationRule::kBulyan, AggregationRule::kGeometricMedian}) {
    fl::AggregationSettings settings{.rule = rule};
    settings.robust.attackers = static_cast<std::int64_t>(attackers);
    // As many at either end as there are attackers.
    settings.robust.trim = (static_cast<double>(attackers) + 0.01) / static_cast<double>(sites);
    if (fl::least_updates(settings) <= static_cast<std::int64_t>(sites) && settings.robust.trim < 0.5) rules.push_back(settings);
  }
  return rules;
}

}  // namespace

PoisonSettings parse_poison_settings(const Json& json, const std::string& origin, const std::filesystem::path& folder) {
  PoisonSettings s;
  SettingsReader reader(json, origin);
  std::string schema = "consilium.attack_poison/1";
  reader.field("schema", schema);
  require(schema == "consilium.attack_poison/1", ErrorCode::kUsage, origin + ".schema: expected \"consilium.attack_poison/1\", found \"" + schema + "\"");
  Json simulation;
  reader.raw("simulation", simulation);
  reader.required("attackers", s.attackers);
  reader.list("attacks", [&](SettingsReader& item) { fl::read_attack_settings(item, s.attacks.emplace_back()); });
  reader.list("rules", [&](SettingsReader& item) { fl::read_aggregation_settings(item, s.rules.emplace_back()); });
  reader.finish();
  require(!simulation.is_null(), ErrorCode::kUsage, origin + ".simulation: give the settings of consilium simulate, or the name of their file");
  if (simulation.is_string()) {
    const std::filesystem::path file = folder / simulation.get<std::string>();
    s.simulation = parse_simulation_settings(read_json(file), file.filename().string());
    // Of that file, not of this one.
    s.simulation.data = resolved(file.parent_path(), s.simulation.data);
  } else {
    s.simulation = parse_simulation_settings(simulation, origin + ".simulation");
    s.simulation.data = resolved(folder, s.simulation.data);
  }
  require(s.simulation.topology == fl::Topology::kCoordinator && s.simulation.folds == 0, ErrorCode::kUsage, origin + ".simulation: attacks are tried on a federation with a coordinator and without folds");
  require(s.simulation.protection == fl::ProtectionSettings{}, ErrorCode::kUsage, origin + ".simulation.protection: rules that compare sites see updates as they are; leave it out");
  require(s.simulation.start.empty() && s.simulation.training.start_digest.empty(), ErrorCode::kUsage, origin + ".simulation.start: attacks are tried on a training from drawn weights; leave it out");
  std::vector<std::string> sites;
  for (const SimulatedSite& site : s.simulation.sites) sites.push_back(site.name);
  fl::validate_site_names(s.attackers, origin + ".attackers");
  for (const std::string& attacker : s.attackers) require(std::find(sites.begin(), sites.end(), attacker) != sites.end(), ErrorCode::kUsage, origin + ".attackers: \"" + attacker + "\" is none of the sites");
  require(2 * s.attackers.size() < sites.size(), ErrorCode::kUsage, origin + ".attackers: " + std::to_string(s.attackers.size()) + " of " + std::to_string(sites.size()) + " sites; no rule holds against half of them");
  if (s.attacks.empty())
    for (const auto& [word, kind] : fl::attack_words()) s.attacks.push_back({.kind = kind});
  if (s.rules.empty()) s.rules = default_rules(sites.size(), s.attackers.size());
  for (std::size_t n = 0; n < s.rules.size(); ++n) {
    const std::string path = origin + ".rules[" + std::to_string(n) + "]";
    fl::require_comparable(s.rules[n], sites, static_cast<std::int64_t>(sites.size()), false, path);
    require_rule_fits(fl::to_json(s.rules[n]), to_json(s.simulation.training), path);
  }
  return s;
}

Json to_json(const PoisonSettings& s) {
  Json attacks = Json::array(), rules = Json::array();
  for (const fl::AttackSettings& attack : s.attacks) attacks.push_back(fl::to_json(attack));
  for (const fl::AggregationSettings& rule : s.rules) rules.push_back(fl::to_json(rule));
  return {{"schema", "consilium.attack_poison/1"}, {"simulation", to_json(s.simulation)}, {"attackers", s.attackers}, {"attacks", attacks}, {"rules", rules}};
}

std::vector<std::string> names_of(const std::vector<fl::AggregationSettings>& rules) {
  std::vector<std::string> names;
  for (const fl::AggregationSettings& rule : rules) names.emplace_back(fl::to_string(rule.rule));
  return numbered(std::move(names));
}

std::vector<std::string> names_of(const std::vector<fl::AttackSettings>& attacks) {
  std::vector<std::string> names;
  for (const fl::AttackSettings& attack : attacks) names.emplace_back(fl::to_string(attack.kind));
  return numbered(std::move(names));
}

}  // namespace consilium::pipelines
