#include "pipelines/plan_terms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/federation_task.h"

namespace consilium::pipelines {
namespace {

using testing::HasSubstr;

fl::RoundPlan plan_of(const Json& task) {
  fl::RoundPlan plan;
  plan.rounds = 20;
  plan.task = task.dump();
  return plan;
}

TEST(PlanTerms, OfATraining) {
  const fl::PlanTerms terms = plan_terms({}, plan_of(Json::object()), 1000);
  EXPECT_EQ(terms.task, "train");
  EXPECT_EQ(terms.rounds, 20);
  EXPECT_EQ(terms.model_bytes, 1000);
  EXPECT_TRUE(terms.trains);
  EXPECT_TRUE(terms.sends_validation);
  EXPECT_FALSE(terms.protection);
  EXPECT_FALSE(terms.patient_epsilon);
  EXPECT_EQ(terms.least_sites, 1);
}

TEST(PlanTerms, OfSecureAggregation) {
  fl::RoundPlan plan = plan_of(Json::object());
  plan.protection.secure_aggregation.emplace();
  EXPECT_EQ(plan_terms({}, plan, 1).protection, fl::SumProtection::kSecureAggregation);
  EXPECT_EQ(plan_terms({}, plan, 1).least_sites, 2) << "two of three sites are enough for a sum";
  EXPECT_EQ(plan_terms({}, plan, 1).largest_norm, 0);
  plan.protection.secure_aggregation->threshold = 4;
  plan.protection.secure_aggregation->norm_bound = 1.5;
  EXPECT_EQ(plan_terms({}, plan, 1).least_sites, 4);
  EXPECT_EQ(plan_terms({}, plan, 1).largest_norm, 1.5);
}

/// A site that wants more sites in a sum than a group's threshold refuses sums of groups.
TEST(PlanTerms, OfSumsOfGroupsAreThoseOfOneGroup) {
  fl::RoundPlan plan = plan_of(Json::object());
  plan.protection.secure_aggregation = fl::SecureAggregationSettings{.threshold = 3, .group_size = 4, .least_groups = 3};
  EXPECT_EQ(plan_terms({}, plan, 1).least_sites, 3);
  fl::SitePolicy policy;
  policy.protection = {fl::SumProtection::kSecureAggregation};
  policy.least_sites = 3;
  EXPECT_EQ(policy_refusal(policy, plan, 1), "");
  policy.least_sites = 5;
  EXPECT_THAT(policy_refusal(policy, plan, 1), HasSubstr("at least 5 sites have to be in a sum, the plan allows 3"));
}

/// A site that wants three owners takes no plan that allows fewer, nor one that counts something else than its modalities.
TEST(PlanTerms, OfModalitiesAreTheOwnersThatAPlanAsksFor) {
  EXPECT_FALSE(plan_terms({}, plan_of(Json::object()), 1).least_owners) << "every site has all of such a model";
  fl::RoundPlan plan = plan_of({{"model", {{"multimodal", {{"modalities", {{{"name", "CT"}, {"channels", 1}}}}}}}}});
  fl::SitePolicy policy;
  policy.least_owners = 3;
  EXPECT_EQ(plan_terms({}, plan, 1).least_owners, 1);
  EXPECT_THAT(policy_refusal(policy, plan, 1), HasSubstr("at least 3 owners before they are averaged, the plan allows 1"));
  plan.protection.groups = fl::GroupOwners{.least_owners = 4};
  EXPECT_EQ(plan_terms({}, plan, 1).least_owners, 4);
  EXPECT_EQ(policy_refusal(policy, plan, 1), "");
  plan.protection.groups->conditional = {"head"};
  EXPECT_EQ(plan_terms({}, plan, 1).least_owners, 1);
}

TEST(PlanTerms, OfEncryption) {
  fl::RoundPlan plan = plan_of(Json::object());
  plan.protection.encryption.emplace();
  EXPECT_EQ(plan_terms({}, plan, 1).protection, fl::SumProtection::kEncryption);
  EXPECT_EQ(plan_terms({}, plan, 1).least_sites, 3);
  plan.protection.encryption->least_sites = 5;
  EXPECT_EQ(plan_terms({}, plan, 1).least_sites, 5);
}

TEST(PlanTerms, OfPrivateTrainingByEpochsOnlyAnEpsilonThatThePlanStatesCounts) {
  fl::SitePolicy policy;
  policy.patient_privacy = fl::PrivacyBudget{.epsilon_per_run = 4, .delta = 1e-5};
  const auto refused = [&](const Json& privacy) { return policy_refusal(policy, plan_of({{"local", {{"epochs", 1}}}, {"privacy", privacy}}), 1); };
  EXPECT_EQ(refused({{"clip", 1}, {"epsilon", 4}, {"delta", 1e-5}}), "");
  EXPECT_THAT(refused({{"clip", 1}, {"epsilon", 4}, {"delta", 1e-4}}), HasSubstr("the plan's costs inf"));
  EXPECT_THAT(refused({{"clip", 1}, {"noise_multiplier", 5}}), HasSubstr("the plan's costs inf"));
}

/// 120 steps at 0.01 with multiplier 0.7: epsilon 2.461 at 1e-5 (docs/privacy.md, Google's PLD).
TEST(PlanTerms, OfPrivateTrainingWhatTheWholeRunCostsAtThePolicysDelta) {
  fl::SitePolicy policy;
  policy.patient_privacy = fl::PrivacyBudget{.epsilon_per_run = 2.5, .delta = 1e-5};
  const auto plan = [](double noise_multiplier) {
    return plan_of({{"steps", 120}, {"privacy", {{"clip", 1}, {"noise_multiplier", noise_multiplier}, {"sampling_rate", 0.01}, {"delta", 1e-3}}}});
  };
  const fl::PlanTerms terms = plan_terms(policy, plan(0.7), 1);
  ASSERT_TRUE(terms.patient_epsilon);
  EXPECT_NEAR(*terms.patient_epsilon, 2.461238, 0.003);
  EXPECT_FALSE(terms.sends_validation);
  EXPECT_EQ(policy_refusal(policy, plan(0.7), 1), "");
  EXPECT_THAT(policy_refusal(policy, plan(0.65), 1), HasSubstr("may cost each patient an epsilon of 2.5"));
  EXPECT_THAT(policy_refusal(policy, plan_of(Json::object()), 1), HasSubstr("training.privacy"));
  const fl::RoundPlan seeded = plan_of({{"steps", 120}, {"privacy", {{"clip", 1}, {"noise_multiplier", 5}, {"noise", "seeded"}}}});
  EXPECT_THAT(policy_refusal(policy, seeded, 1), HasSubstr("training.privacy")) << "the coordinator knows that seed";
}

TEST(PlanTerms, OfAPredictionNothingLeaves) {
  const fl::PlanTerms terms = plan_terms({}, plan_of(to_task(FederationTask::kPredict, {Json::object()})), 1000);
  EXPECT_EQ(terms.task, "predict");
  EXPECT_FALSE(terms.trains);
  EXPECT_FALSE(terms.sends_validation);
}

TEST(PlanTerms, RefusalsStandInOneLine) {
  fl::SitePolicy policy;
  EXPECT_EQ(policy_refusal(policy, plan_of(Json::object()), 1000), "");
  policy.protection = {fl::SumProtection::kSecureAggregation};
  policy.most_rounds = 10;
  const std::string text = policy_refusal(policy, plan_of(Json::object()), 1000);
  EXPECT_THAT(text, HasSubstr("at most 10 rounds"));
  EXPECT_THAT(text, HasSubstr("; updates have to be hidden by secure_aggregation"));
}

}  // namespace
}  // namespace consilium::pipelines
