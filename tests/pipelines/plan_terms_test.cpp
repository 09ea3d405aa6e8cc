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
  const fl::PlanTerms terms = plan_terms(plan_of(Json::object()), 1000);
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
  EXPECT_EQ(plan_terms(plan, 1).protection, fl::SumProtection::kSecureAggregation);
  EXPECT_EQ(plan_terms(plan, 1).least_sites, 2) << "two of three sites are enough for a sum";
  EXPECT_EQ(plan_terms(plan, 1).largest_norm, 0);
  plan.protection.secure_aggregation->threshold = 4;
  plan.protection.secure_aggregation->norm_bound = 1.5;
  EXPECT_EQ(plan_terms(plan, 1).least_sites, 4);
  EXPECT_EQ(plan_terms(plan, 1).largest_norm, 1.5);
}

TEST(PlanTerms, OfHomomorphicEncryption) {
  fl::RoundPlan plan = plan_of(Json::object());
  plan.protection.encryption.emplace();
  EXPECT_EQ(plan_terms(plan, 1).protection, fl::SumProtection::kEncryption);
  EXPECT_EQ(plan_terms(plan, 1).least_sites, 3);
  plan.protection.encryption->least_sites = 5;
  EXPECT_EQ(plan_terms(plan, 1).least_sites, 5);
}

TEST(PlanTerms, OfAPredictionNothingLeaves) {
  const fl::PlanTerms terms = plan_terms(plan_of(to_task(FederationTask::kPredict, {Json::object()})), 1000);
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
