#include <gtest/gtest.h>

#include "fl/enrol/enrolment.h"
#include "fl/enrol/provision.h"
#include "fl/enrol/refusals.h"
#include "fl/policy/site_policy.h"
#include "tests/conformance/formats_doc.h"

// docs/formats.md is compared with the program, so that it cannot rot.
namespace consilium {
namespace {

using test::documented;
using test::key_paths;

TEST(FormatsDoc, InvitationShowsEveryKey) {
  const TemporaryFolder folder;
  fl::provision(folder.path(), {.addresses = {"fl.example.org:7443"}});
  Json invitation = fl::to_json(fl::invite(folder.path(), "site_a"));
  const Json block = documented("invitation");
  EXPECT_EQ(key_paths(block), key_paths(invitation));
  for (const char* key : {"schema", "name", "role", "coordinators", "enrolments"}) EXPECT_EQ(block[key], invitation[key]) << key;
  invitation["token"] = block["token"];
  invitation["expires"] = block["expires"];
  EXPECT_NO_THROW(fl::parse_invitation(invitation, "doc"));
}

TEST(FormatsDoc, SitePolicyShowsEveryKeyAndDefault) {
  const Json block = documented("policy");
  EXPECT_EQ(fl::to_json(fl::parse_site_policy({{"schema", block["schema"]}}, "doc")), block);
  EXPECT_EQ(fl::to_json(fl::parse_site_policy(block, "doc")), block);
}

TEST(FormatsDoc, RefusedAttemptsShowEveryKey) {
  const TemporaryFolder folder;
  fl::Refusals list(folder.path() / "refused.json");
  list.add("site_a", "revoked", true);
  const Json block = documented("refused");
  EXPECT_EQ(key_paths(block), key_paths(list.to_json()));
  EXPECT_EQ(block["schema"], list.to_json()["schema"]);
}

}  // namespace
}  // namespace consilium
