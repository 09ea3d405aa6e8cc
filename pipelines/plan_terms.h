#pragma once

#include <string>

#include "fl/policy/site_policy.h"
#include "fl/round.h"

namespace consilium::pipelines {

/// What a plan offers to a site that has this policy. @throws Error{kUsage} a task that cannot be read; as noise_multiplier_of.
fl::PlanTerms plan_terms(const fl::SitePolicy& policy, const fl::RoundPlan& plan, std::uint64_t model_bytes);

/// The policy's objections in one line; empty when there are none.
std::string policy_refusal(const fl::SitePolicy& policy, const fl::RoundPlan& plan, std::uint64_t model_bytes);

}  // namespace consilium::pipelines
