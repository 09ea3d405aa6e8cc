#include "fl/policy/site_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fl/federation_settings.h"

namespace consilium::fl {
namespace {

constexpr const char* kSchema = "consilium.policy/1";
const std::vector<std::string> kTasks{"train", "evaluate", "predict", "statistics"};

const std::string& word_of(SumProtection protection) {
  const auto& words = sum_protection_words();
  return std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.second == protection; })->first;
}

std::string words_of(const std::vector<SumProtection>& protections) {
  std::string text;
  for (const SumProtection protection : protections) text += (text.empty() ? "" : " or ") + word_of(protection);
  return text;
}

bool is_amount(double value) { return std::isfinite(value) && value >= 0; }

SumProtection parse_protection(const std::string& word, const std::string& path) {
  for (const auto& [name, protection] : sum_protection_words())
    if (name == word) return protection;
  throw Error(ErrorCode::kUsage, path + ": expected secure_aggregation or encryption, found \"" + word + "\"");
}

void validate(const SitePolicy& policy, const std::string& origin) {
  if (!policy.site.empty()) validate_site_names({policy.site}, origin + ".site");
  require(policy.least_sites >= 0, ErrorCode::kUsage, origin + ".least_sites: expected 0 or more");
  require(policy.least_sites <= 1 || !policy.protection.empty(), ErrorCode::kUsage, origin + ".least_sites: without protection each site's own update is seen; say which protection is demanded");
  require(policy.least_owners >= 0, ErrorCode::kUsage, origin + ".least_owners: expected 0 or more");
  require(is_amount(policy.largest_norm), ErrorCode::kUsage, origin + ".largest_norm: expected 0 or more");
  require(policy.most_rounds >= 0, ErrorCode::kUsage, origin + ".most_rounds: expected 0 or more");
  require(policy.most_model_bytes >= 0, ErrorCode::kUsage, origin + ".most_model_bytes: expected 0 or more");
  for (const std::string& task : policy.tasks)
    require(std::find(kTasks.begin(), kTasks.end(), task) != kTasks.end(), ErrorCode::kUsage, origin + ".tasks: expected train, evaluate, predict or statistics, found \"" + task + "\"");
}

}  // namespace

const std::vector<std::pair<std::string, SumProtection>>& sum_protection_words() {
  static const std::vector<std::pair<std::string, SumProtection>> words{{"secure_aggregation", SumProtection::kSecureAggregation}, {"encryption", SumProtection::kEncryption}};
  return words;
}

SitePolicy parse_site_policy(const Json& json, const std::string& origin) {
  SitePolicy policy;
  SettingsReader reader(json, origin);
  std::string schema;
  reader.required("schema", schema);
  require(schema == kSchema, ErrorCode::kUsage, origin + ".schema: expected \"" + kSchema + "\", found \"" + schema + "\"");
  std::vector<std::string> protection;
  reader.field("site", policy.site);
  reader.field("protection", protection);
  for (const std::string& word : protection) policy.protection.push_back(parse_protection(word, origin + ".protection"));
  reader.field("least_sites", policy.least_sites);
  reader.field("largest_norm", policy.largest_norm);
  reader.field("least_owners", policy.least_owners);
  Json budget;
  reader.raw("patient_privacy", budget);
  if (!budget.is_null()) {
    SettingsReader inner(budget, origin + ".patient_privacy");
    read_privacy_budget(inner, policy.patient_privacy.emplace());
    inner.finish();
    fl::validate(*policy.patient_privacy, inner.path());
    require(policy.patient_privacy->epsilon_per_run > 0 || policy.patient_privacy->epsilon_per_year > 0, ErrorCode::kUsage, inner.path() + ": expected epsilon_per_run, epsilon_per_year or both");
  }
  reader.field("tasks", policy.tasks);
  reader.field("validation", policy.validation);
  reader.field("most_rounds", policy.most_rounds);
  reader.field("most_model_bytes", policy.most_model_bytes);
  reader.finish();
  validate(policy, origin);
  return policy;
}

Json to_json(const SitePolicy& policy) {
  Json protection = Json::array(), budget;
  for (const SumProtection p : policy.protection) protection.push_back(word_of(p));
  if (policy.patient_privacy) budget = to_json(*policy.patient_privacy);
  return {{"schema", kSchema}, {"site", policy.site}, {"protection", protection}, {"least_sites", policy.least_sites}, {"largest_norm", policy.largest_norm}, {"least_owners", policy.least_owners}, {"patient_privacy", budget},
          {"tasks", policy.tasks}, {"validation", policy.validation}, {"most_rounds", policy.most_rounds}, {"most_model_bytes", policy.most_model_bytes}};
}

std::vector<std::string> objections(const SitePolicy& policy, const PlanTerms& terms) {
  std::vector<std::string> found;
  const auto object_if = [&](bool broken, std::string sentence) {
    if (broken) found.push_back(std::move(sentence));
  };
  object_if(!policy.tasks.empty() && std::find(policy.tasks.begin(), policy.tasks.end(), terms.task) == policy.tasks.end(), "the task " + terms.task + " is not allowed");
  object_if(policy.most_rounds > 0 && terms.rounds > policy.most_rounds, fmt::format("at most {} rounds are allowed, the plan has {}", policy.most_rounds, terms.rounds));
  object_if(policy.most_model_bytes > 0 && terms.model_bytes > policy.most_model_bytes, fmt::format("at most {} bytes of a model are taken, the plan's has {}", policy.most_model_bytes, terms.model_bytes));
  object_if(!policy.validation && terms.sends_validation, "the score of validation cases may not leave this site");
  if (!terms.trains) return found;
  const bool is_hidden = policy.protection.empty() || (terms.protection && std::find(policy.protection.begin(), policy.protection.end(), *terms.protection) != policy.protection.end());
  object_if(!is_hidden, "updates have to be hidden by " + words_of(policy.protection) + ", the plan hides them by " + (terms.protection ? word_of(*terms.protection) : "nothing"));
  object_if(policy.least_sites > terms.least_sites, fmt::format("at least {} sites have to be in a sum, the plan allows {}", policy.least_sites, terms.least_sites));
  object_if(policy.largest_norm > 0 && (terms.largest_norm == 0 || terms.largest_norm > policy.largest_norm),
            fmt::format("updates have to be clipped to a norm of {} or less, the plan {}", policy.largest_norm, terms.largest_norm == 0 ? "does not clip them" : fmt::format("clips them to {}", terms.largest_norm)));
  if (terms.least_owners)
    object_if(policy.least_owners > *terms.least_owners, fmt::format("a modality's parameters have to have at least {} owners before they are averaged, the plan allows {}", policy.least_owners, *terms.least_owners));
  if (!policy.patient_privacy) return found;
  const PrivacyBudget& budget = *policy.patient_privacy;
  const double most = budget.epsilon_per_run > 0 ? budget.epsilon_per_run : budget.epsilon_per_year;
  object_if(!terms.patient_epsilon, "training has to be differentially private for each patient (training.privacy), the plan's is not");
  object_if(terms.patient_epsilon && *terms.patient_epsilon > most,
            fmt::format("a run may cost each patient an epsilon of {} at delta {}, the plan's costs {:.3g}", most, budget.delta, terms.patient_epsilon.value_or(0)));
  return found;
}

}  // namespace consilium::fl
