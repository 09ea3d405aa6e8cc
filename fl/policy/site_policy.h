#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/settings.h"
#include "fl/privacy/budget.h"

namespace consilium::fl {

/// What keeps the coordinator from seeing a single site's update.
enum class SumProtection { kSecureAggregation, kEncryption };
const std::vector<std::pair<std::string, SumProtection>>& sum_protection_words();

/// What a hospital demands of every federation that it takes part in, whatever a coordinator's plan says. The hospital's data-protection officer signs it
/// (fl/policy/signed_policy.h), so that nobody who only runs the site can relax it. The default demands nothing.
struct SitePolicy {
  std::string site;                            ///< for the site of this name only; empty: for any
  std::vector<SumProtection> protection;       ///< one of these has to hide its updates in a sum; empty: none is demanded
  std::int64_t least_sites = 0;                ///< in any sum that is seen
  double largest_norm = 0;                     ///< updates have to be clipped to this L2 norm or less; 0: not demanded
  std::optional<PrivacyBudget> patient_privacy{};  ///< training has to be private for each patient, within this
  std::int64_t least_owners = 0;               ///< of a modality's parameters that are averaged with others'; 0: not demanded
  std::vector<std::string> tasks;              ///< "train", "evaluate", "predict", "statistics": others are refused; empty: all are allowed
  bool validation = true;                      ///< may the score of the site's validation cases leave it?
  std::int64_t most_rounds = 0;                ///< of one federation; 0: any number
  std::int64_t most_model_bytes = 0;           ///< of a model that it takes; 0: as the protocol allows

  bool operator==(const SitePolicy&) const = default;
};

/// JSON keys are the field names. @throws Error{kUsage} naming the key.
SitePolicy parse_site_policy(const Json& json, const std::string& origin);
Json to_json(const SitePolicy& policy);

/// What a plan offers, as far as a policy asks.
struct PlanTerms {
  std::string task = "train";
  std::int64_t rounds = 0;
  std::int64_t model_bytes = 0;
  bool trains = true;                          ///< else no weights leave the site
  std::optional<SumProtection> protection{};
  std::int64_t least_sites = 1;                ///< in a sum that is seen; 1: the site's own update is
  double largest_norm = 0;                     ///< 0: updates are not clipped
  std::optional<std::int64_t> least_owners{};  ///< of parameters that not every site has; nothing: the model has none
  std::optional<double> patient_epsilon{};     ///< of the whole run, for this site's cases, at the policy's delta; nothing: training is not private
  bool sends_validation = true;
};

/// Why the policy refuses the plan, one sentence each; empty when it does not. They name settings and limits, nothing of the site's data.
std::vector<std::string> objections(const SitePolicy& policy, const PlanTerms& terms);

}  // namespace consilium::fl
