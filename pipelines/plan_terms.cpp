#include "pipelines/plan_terms.h"

#include <algorithm>
#include <limits>

#include "fl/encrypt/encryption_settings.h"
#include "pipelines/federation_task.h"
#include "pipelines/local_training.h"
#include "pipelines/training_privacy.h"

namespace consilium::pipelines {
namespace {

constexpr const char* kOrigin = "the federation's task";

/// What a training by DP-SGD costs a patient of this site. How many steps local epochs are depends on the site's cases: then only an epsilon that the plan states itself, at a delta that
/// is no weaker, says anything.
double patient_epsilon(const Json& task, const TrainingPrivacy& privacy, const fl::PrivacyBudget& budget) {
  const Json local = task.value("local", Json::object());
  if (local.value("epochs", 0.0) > 0) return privacy.epsilon > 0 && privacy.delta <= budget.delta ? privacy.epsilon : std::numeric_limits<double>::infinity();
  const auto steps = task.value("steps", std::int64_t{1000});
  const fl::SampledGaussian releases{noise_multiplier_of(privacy, steps), privacy.sampling_rate, steps};
  return fl::epsilon_of({&releases, 1}, budget.delta, budget.accountant);
}

/// Owners without which a modality's parameters stay at the site. A plan that names other conditional groups than the stems counts the others only.
std::optional<std::int64_t> least_owners(const Json& task, const std::optional<fl::GroupOwners>& groups) {
  if (!has_modalities(task) && !groups) return std::nullopt;
  const bool counts_stems = groups && is_conditional(*groups, "stem.") && is_conditional(*groups, "projector.") && is_conditional(*groups, "anchors.");
  return counts_stems ? groups->least_owners : 1;
}

/// `task`: of a training.
void add_patient_terms(const Json& task, const fl::SitePolicy& policy, fl::PlanTerms& terms) {
  TrainingPrivacy privacy;
  if (const auto found = task.find("privacy"); found != task.end()) {
    SettingsReader reader(*found, std::string(kOrigin) + ".privacy");
    read_training_privacy(reader, privacy);
  }
  // Noise from a seed that the coordinator has chosen hides nothing from it.
  if (!is_private(privacy) || privacy.noise == NoiseOrigin::kSeeded) return;
  terms.sends_validation = privacy.validation != PrivateValidation::kOff;
  if (policy.patient_privacy) terms.patient_epsilon = patient_epsilon(task, privacy, *policy.patient_privacy);
}

}  // namespace

fl::PlanTerms plan_terms(const fl::SitePolicy& policy, const fl::RoundPlan& plan, std::uint64_t model_bytes) {
  const Json task = parse_json(plan.task, kOrigin);
  const FederationTask kind = task_kind(task);
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
  if (const auto& encrypted = plan.protection.encryption) {
    terms.protection = fl::SumProtection::kEncryption;
    terms.least_sites = encrypted->least_sites;
  }
  if (const auto& privacy = plan.protection.privacy) terms.largest_norm = terms.largest_norm > 0 ? std::min(terms.largest_norm, privacy->clip) : privacy->clip;
  terms.sends_validation = kind == FederationTask::kTrain || kind == FederationTask::kEvaluate;
  if (terms.trains) terms.least_owners = least_owners(task, plan.protection.groups);
  if (terms.trains) add_patient_terms(task, policy, terms);
  return terms;
}

std::string policy_refusal(const fl::SitePolicy& policy, const fl::RoundPlan& plan, std::uint64_t model_bytes) {
  std::string text;
  for (const std::string& objection : fl::objections(policy, plan_terms(policy, plan, model_bytes))) text += (text.empty() ? "" : "; ") + objection;
  return text;
}

}  // namespace consilium::pipelines
