#include "fl/policy/site_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace consilium::fl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SitePolicy policy_of(const char* text) { return parse_site_policy(parse_json(text, "policy"), "policy"); }

std::string refusal_of(const char* text) {
  try {
    policy_of(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "";
}

constexpr const char* kStrict = R"({"schema": "consilium.policy/1", "site": "site_a", "protection": ["secure_aggregation", "encryption"], "least_sites": 3, "largest_norm": 1.5, "least_owners": 3,
  "patient_privacy": {"epsilon_per_run": 4, "epsilon_per_year": 8, "delta": 1e-6}, "tasks": ["train", "statistics"], "validation": false, "most_rounds": 50, "most_model_bytes": 1000000})";

/// A plan that the strict policy takes.
PlanTerms good_terms() {
  return {.task = "train", .rounds = 50, .model_bytes = 1000000, .protection = SumProtection::kEncryption, .least_sites = 3, .largest_norm = 1.5, .least_owners = 3, .patient_epsilon = 4, .sends_validation = false};
}

TEST(SitePolicy, IsReadAndWrittenKeyForKey) {
  const SitePolicy policy = policy_of(kStrict);
  EXPECT_EQ(policy.site, "site_a");
  EXPECT_THAT(policy.protection, ElementsAre(SumProtection::kSecureAggregation, SumProtection::kEncryption));
  EXPECT_EQ(policy.least_sites, 3);
  EXPECT_EQ(policy.patient_privacy->epsilon_per_year, 8);
  EXPECT_EQ(policy.patient_privacy->delta, 1e-6);
  EXPECT_FALSE(policy.validation);
  EXPECT_EQ(parse_site_policy(to_json(policy), "again"), policy);
  EXPECT_EQ(parse_site_policy(to_json(SitePolicy{}), "again"), SitePolicy{});
}

TEST(SitePolicy, WhatCannotBeMeantIsRefusedByItsKey) {
  EXPECT_THAT(refusal_of(R"({})"), HasSubstr("schema"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/2"})"), HasSubstr("consilium.policy/1"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "protections": []})"), HasSubstr("protection"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "protection": ["tls"]})"), HasSubstr("secure_aggregation or encryption"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "least_sites": 3})"), HasSubstr("each site's own update is seen"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "largest_norm": -1})"), HasSubstr("largest_norm"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "least_owners": -1})"), HasSubstr("least_owners"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "patient_privacy": {}})"), HasSubstr("epsilon_per_run, epsilon_per_year or both"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "patient_privacy": {"epsilon_per_run": 1, "delta": 1}})"), HasSubstr("delta"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "tasks": ["guess"]})"), HasSubstr("tasks"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "site": "../a"})"), HasSubstr("site"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "most_rounds": -1})"), HasSubstr("most_rounds"));
  EXPECT_THAT(refusal_of(R"({"schema": "consilium.policy/1", "most_model_bytes": -1})"), HasSubstr("most_model_bytes"));
}

TEST(SitePolicy, WithoutDemandsTakesEveryPlan) { EXPECT_THAT(objections(SitePolicy{}, {.rounds = 1000, .model_bytes = 1LL << 40}), IsEmpty()); }

TEST(SitePolicy, TakesAPlanThatMeetsEachDemandJustSo) { EXPECT_THAT(objections(policy_of(kStrict), good_terms()), IsEmpty()); }

/// One thing less than demanded, and what is said then.
struct Less {
  const char* name;
  std::function<void(PlanTerms&)> take;
  const char* says;
};

class PlanThatAsksForLess : public testing::TestWithParam<Less> {};

TEST_P(PlanThatAsksForLess, IsRefusedForJustThatReason) {
  PlanTerms terms = good_terms();
  GetParam().take(terms);
  EXPECT_THAT(objections(policy_of(kStrict), terms), ElementsAre(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    SitePolicy, PlanThatAsksForLess,
    testing::Values(Less{"NoProtection", [](PlanTerms& t) { t.protection.reset(); }, "secure_aggregation or encryption, the plan hides them by nothing"},
                    Less{"FewerSites", [](PlanTerms& t) { t.least_sites = 2; }, "at least 3 sites"}, Less{"LargerNorm", [](PlanTerms& t) { t.largest_norm = 1.6; }, "clips them to 1.6"},
                    Less{"FewerOwners", [](PlanTerms& t) { t.least_owners = 1; }, "at least 3 owners before they are averaged, the plan allows 1"},
                    Less{"NoClip", [](PlanTerms& t) { t.largest_norm = 0; }, "does not clip them"}, Less{"NoPrivacy", [](PlanTerms& t) { t.patient_epsilon.reset(); }, "training.privacy"},
                    Less{"MoreEpsilon", [](PlanTerms& t) { t.patient_epsilon = 4.01; }, "an epsilon of 4 at delta 1e-06, the plan's costs 4.01"},
                    Less{"Validation", [](PlanTerms& t) { t.sends_validation = true; }, "validation"}, Less{"Rounds", [](PlanTerms& t) { t.rounds = 51; }, "at most 50 rounds"},
                    Less{"Model", [](PlanTerms& t) { t.model_bytes = 1000001; }, "1000000 bytes"},
                    Less{"Task", [](PlanTerms& t) { t.task = "predict", t.trains = false; }, "predict"}),
    [](const auto& info) { return info.param.name; });

TEST(SitePolicy, DemandsOnUpdatesDoNotConcernATaskWithoutThem) {
  PlanTerms statistics{.task = "statistics", .rounds = 2, .trains = false, .sends_validation = false};
  EXPECT_THAT(objections(policy_of(kStrict), statistics), IsEmpty());
}

}  // namespace
}  // namespace consilium::fl
