#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"

namespace consilium::pipelines {

/// One federation under one attack, or under none, with one rule.
struct PoisonRun {
  std::string attack;  ///< "none": all sites honest
  std::string rule;
  double dice = 0;     ///< mean over regions and the honest sites' test cases
  std::map<std::string, double> dice_at_site{};       ///< of honest sites
  std::optional<double> trigger_success{};            ///< of the tumours that are found without the trigger, the share that is missed with it; of "none" and backdoor
  std::optional<double> honest_excluded{};            ///< share of honest sites' updates that had no say, of rules that choose
  std::optional<double> attackers_excluded{};
  double seconds = 0;
};
Json to_json(const PoisonRun& run);
PoisonRun parse_poison_run(const Json& json, const std::string& origin);

struct PoisonResults {
  std::string title;
  std::vector<std::string> sites, attackers, attacks, rules;  ///< in the order of the settings
  std::vector<PoisonRun> runs;                                ///< "none" first, rule by rule
  Json settings;

  /// @throws Error{kNotFound}
  const PoisonRun& run(const std::string& attack, const std::string& rule) const;
  /// Dice lost to the attack under a rule: against the same rule without attack.
  double drop(const std::string& attack, const std::string& rule) const;
};

Json to_json(const PoisonResults& results);
/// A table for a terminal: rows are attacks, columns rules; Dice, and below it what was lost.
std::string to_text(const PoisonResults& results);
/// The page, as report_page: one file, no script.
std::string poison_page(const PoisonResults& results);

}  // namespace consilium::pipelines
