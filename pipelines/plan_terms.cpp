#include "pipelines/plan_terms.h"

#include <algorithm>

#include "pipelines/federation_task.h"

namespace consilium::pipelines {

fl::PlanTerms plan_terms(const fl::RoundPlan& plan, std::uint64_t model_bytes) {
  const FederationTask kind = task_kind(parse_json(plan.task, "the federation's task"));
  const auto& words = federation_task_words();
  fl::PlanTerms terms;
  terms.task = std::find_if(words.begin(), words.end(), [&](const auto& entry) { return entry.second == kind; })->first;
  terms.rounds = plan.rounds;
  terms.model_bytes = static_cast<std::int64_t>(model_bytes);
  terms.trains = kind == FederationTask::kTrain;
  if (const auto& masked = plan.protection.secure_aggregation) {
    terms.protection = fl::SumProtection::kSecureAggregation;
    // A threshold that follows from the number of sites, which a plan does not tell, can be 2: each of the two could read the other's update off the sum.
    terms.least_sites = std::max<std::int64_t>(masked->threshold, 2);
    terms.largest_norm = masked->norm_bound;
  }
  if (const auto& privacy = plan.protection.privacy) terms.largest_norm = terms.largest_norm > 0 ? std::min(terms.largest_norm, privacy->clip) : privacy->clip;
  if (const auto& encrypted = plan.protection.encryption) {
    terms.protection = fl::SumProtection::kEncryption;
    terms.least_sites = encrypted->least_sites;
  }
  terms.sends_validation = kind == FederationTask::kTrain || kind == FederationTask::kEvaluate;
  return terms;
}

std::string policy_refusal(const fl::SitePolicy& policy, const fl::RoundPlan& plan, std::uint64_t model_bytes) {
  std::string text;
  for (const std::string& objection : fl::objections(policy, plan_terms(plan, model_bytes))) text += (text.empty() ? "" : "; ") + objection;
  return text;
}

}  // namespace consilium::pipelines
