#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipelines/join_federation.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

Json valid() {
  return {{"name", "east"}, {"coordinator", "hub:7443"}, {"keys", "keys"}, {"data", "/data/east"}, {"folder", "../state"}};
}

std::string refused(const std::string& key, const Json& value) {
  Json json = valid();
  json[key] = value;
  return refusal(ErrorCode::kUsage, [&] { parse_join_settings(json, "east.json", "/etc/consilium"); });
}

TEST(JoinSettings, RelativePathsAreTakenFromTheFile) {
  const JoinSettings settings = parse_join_settings(valid(), "east.json", "/etc/consilium");
  EXPECT_EQ(settings.keys, "/etc/consilium/keys");
  EXPECT_EQ(settings.data, "/data/east");
  EXPECT_EQ(settings.folder, "/etc/state");
  EXPECT_EQ(settings.coordinator, "hub:7443");
  EXPECT_EQ(parse_join_settings(to_json(settings), "again", "/"), settings);
  Json json = valid();
  json["coordinator"] = "@hub/address";
  EXPECT_EQ(parse_join_settings(json, "east.json", "/etc/consilium").coordinator, "@/etc/consilium/hub/address");
}

TEST(JoinSettings, WrongOnesAreRefusedByName) {
  for (const char* key : {"name", "coordinator", "keys", "data", "folder"}) {
    Json json = valid();
    json.erase(key);
    EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_join_settings(json, "east.json", "/"); }),
                testing::AllOf(HasSubstr("east.json"), HasSubstr(key), HasSubstr("missing")));
    EXPECT_THAT(refused(key, 5), HasSubstr(std::string("east.json.") + key));
  }
  EXPECT_THAT(refused("coordinater", "x"), HasSubstr("did you mean \"coordinator\""));
  EXPECT_THAT(refused("schema", "consilium.site/2"), HasSubstr("consilium.site/1"));
  EXPECT_THAT(refused("name", "a/b"), HasSubstr("a/b"));
  EXPECT_THAT(refused("scheme", "brats"), HasSubstr("brats2023"));
  EXPECT_THAT(refused("give_up_seconds", 0), HasSubstr("give_up_seconds"));
  EXPECT_THAT(refused("folds", 1), HasSubstr("fold"));
  EXPECT_THAT(refused("annotated", {"tumour"}), HasSubstr("east.json.annotated"));
  EXPECT_THAT(refused("device", "gpu"), HasSubstr("east.json.device: expected cpu, cuda, cuda:N or auto"));
  EXPECT_THAT(refused("policy", "policy.json"), HasSubstr("policy_signer"));
  EXPECT_THAT(refused("policy_signer", "officer.pub"), HasSubstr("policy_signer"));
  EXPECT_THAT(refused("minimum_count", 0), HasSubstr("east.json.minimum_count"));
  Json unused = valid();
  unused["fold"] = 1;  // without folds it has no meaning
  EXPECT_NO_THROW(parse_join_settings(unused, "east.json", "/"));
}

TEST(JoinSettings, AnInvitationSaysNameAndCoordinator) {
  Json json = valid();
  json.erase("name");
  json.erase("coordinator");
  json["invitation"] = "east.invitation.json";
  const JoinSettings settings = parse_join_settings(json, "east.json", "/etc/consilium");
  EXPECT_EQ(settings.invitation, "/etc/consilium/east.invitation.json");
  EXPECT_EQ(settings.name, "");
  EXPECT_EQ(settings.coordinator, "");
  EXPECT_EQ(parse_join_settings(to_json(settings), "again", "/"), settings);
  json["coordinator"] = "hub";
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_join_settings(json, "east.json", "/"); }), HasSubstr("host:port"));
}

TEST(JoinSettings, AmongPeersThereIsNoCoordinator) {
  Json json = valid();
  json["peers"] = {{"initial_model", "start.json"}, {"listen", "0.0.0.0:7443"}, {"sites", {{{"name", "east"}, {"address", "east:7443"}}, {{"name", "west"}, {"address", "west:7443"}}}}};
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { parse_join_settings(json, "east.json", "/etc/consilium"); }), HasSubstr("east.json.coordinator"));
  json.erase("coordinator");
  const JoinSettings settings = parse_join_settings(json, "east.json", "/etc/consilium");
  ASSERT_TRUE(settings.peers);
  EXPECT_EQ(settings.peers->initial_model, "/etc/consilium/start.json");
  EXPECT_EQ(parse_join_settings(to_json(settings), "again", "/"), settings);
}

TEST(JoinSettings, AnAddressIsHostAndPort) {
  for (const char* bad : {"hub", "hub:", ":7443", "hub:70000", "hub:http", "hub:-1", "2001:db8::1:7443", "@", ""})
    EXPECT_THAT(refused("coordinator", bad), testing::AllOf(HasSubstr("east.json.coordinator"), HasSubstr("host:port"))) << bad;
  for (const char* good : {"hub:7443", "10.0.0.1:1", "[2001:db8::1]:7443", "fl.example.org:65535"}) {
    Json json = valid();
    json["coordinator"] = good;
    EXPECT_NO_THROW(parse_join_settings(json, "east.json", "/")) << good;
  }
}

}  // namespace
}  // namespace consilium::pipelines
