#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fl/attack/attack_settings.h"
#include "pipelines/simulation_settings.h"

namespace consilium::pipelines {

/// What `consilium attack poison` tries. Attackers stand here and nowhere else: no settings of a federation, simulated or real, know the key.
struct PoisonSettings {
  SimulationSettings simulation;                 ///< the federation; its own aggregation is not used
  std::vector<std::string> attackers;            ///< sites that attack, all in the same way
  std::vector<fl::AttackSettings> attacks;       ///< one after the other; default: every kind with its own strength
  std::vector<fl::AggregationSettings> rules;    ///< each faces each attack; default: the plain mean and every robust rule that has enough sites and no root
};

/// `simulation`: the settings of `consilium simulate`, or the name of their file below `folder`.
/// @throws Error{kUsage} naming the key; as parse_simulation_settings and read_json.
PoisonSettings parse_poison_settings(const Json& json, const std::string& origin, const std::filesystem::path& folder);
Json to_json(const PoisonSettings& settings);

/// The rule's name, with what tells it from another of the same name in the list: "fedavg", "norm_bound (2)".
std::vector<std::string> names_of(const std::vector<fl::AggregationSettings>& rules);
std::vector<std::string> names_of(const std::vector<fl::AttackSettings>& attacks);

}  // namespace consilium::pipelines
