#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using testing::HasSubstr;

/// A hospital with a signed policy.
class Policy : public test::TinyFederation {
 protected:
  /// `demands`: the policy's keys beside its schema.
  void give_policy(const std::string& site, Json demands) const {
    ok({"policy", "key", path("officer.key")});
    demands["schema"] = "consilium.policy/1";
    write_json("policy.json", demands);
    ok({"policy", "sign", path("policy.json"), "--key", path("officer.key")});
    Json settings = site_settings(site);
    settings["policy"] = "policy.json";
    settings["policy_signer"] = "officer.pub";
    write_json(site + ".json", settings);
  }
};

TEST_F(Policy, ASiteRefusesAPlanThatAsksForLessAndTheOthersGoOn) {
  make({"east", "north", "west"}, training(2, 2));
  Json json = hub_settings();
  json["quorum"] = 2;
  json["linger_seconds"] = 1;
  write_json("hub.json", json);
  give_policy("north", {{"protection", {"secure_aggregation"}}, {"most_rounds", 1}});
  auto hub = coordinator();
  auto east = site("east"), north = site("north"), west = site("west");
  EXPECT_EQ(north->wait(), 9);
  EXPECT_THAT(north->err(), HasSubstr("this site's policy refuses the plan: at most 1 rounds are allowed, the plan has 2; updates have to be hidden by secure_aggregation"));
  ASSERT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
  EXPECT_THAT(hub->err(), HasSubstr("site north: the site refuses the plan: at most 1 rounds are allowed"));
  const auto status = run({"status", path("hub")});
  EXPECT_THAT(status.out, HasSubstr("the site refuses the plan")) << "whoever looks at the run reads why";
}

TEST_F(Policy, ASiteWhosePolicyIsMetTakesPart) {
  make({"east", "west"}, training(1, 1));
  give_policy("west", {{"site", "west"}, {"tasks", {"train"}}, {"most_rounds", 1}});
  auto hub = coordinator();
  auto east = site("east"), west = site("west");
  ASSERT_EQ(hub->wait(), 0) << hub->err();
  EXPECT_EQ(east->wait(), 0) << east->err();
  EXPECT_EQ(west->wait(), 0) << west->err();
}

TEST_F(Policy, OfAnotherSiteIsNotThisOnes) {
  make({"east", "west"});
  give_policy("west", {{"site", "east"}});
  auto west = site("west");
  EXPECT_EQ(west->wait(), 9);
  EXPECT_THAT(west->err(), HasSubstr("the policy is for site \"east\", this one is \"west\""));
}

TEST_F(Policy, NothingBeginsWithoutItsSignature) {
  make({"east", "west"});
  give_policy("west", {{"most_rounds", 1}});
  write_json("policy.json", {{"schema", "consilium.policy/1"}});
  auto west = site("west");
  EXPECT_EQ(west->wait(), 9);
  EXPECT_THAT(west->err(), HasSubstr("policy.json: the signature does not fit"));
}

}  // namespace
}  // namespace consilium
