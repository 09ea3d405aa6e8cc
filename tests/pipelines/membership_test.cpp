#include "pipelines/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/enrol/enrolment.h"
#include "fl/enrol/member_files.h"
#include "fl/enrol/provision.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using test::refusal;
using testing::HasSubstr;

class MembershipTest : public testing::Test {
 protected:
  MembershipTest() {
    fl::provision(owner(), {.addresses = {"one.example.org:7443", "two.example.org:7443"}});
    invitation = fl::invite(owner(), "east");
    file = fl::write_invitation(folder.path(), invitation).string();
  }
  fs::path owner() const { return folder.path() / "owner"; }
  std::string keys() const { return (folder.path() / "keys").string(); }
  void enrol() const { fl::finish_enrolment(keys(), invitation, fl::enrol(owner(), fl::begin_enrolment(keys(), invitation))); }

  TemporaryFolder folder;
  fl::Invitation invitation;
  std::string file;
};

TEST_F(MembershipTest, OnceEnrolledTheSiteKnowsItsFederationWithoutTheInvitation) {
  enrol();
  const Membership member = membership({.name = "", .coordinator = "", .keys = keys(), .invitation = file}, {});
  EXPECT_EQ(member.name, "east");
  EXPECT_EQ(member.coordinator, "one.example.org:7443,two.example.org:7443");
  EXPECT_EQ(member.enrolments, (std::vector<std::string>{"one.example.org:7444", "two.example.org:7444"}));
  fs::remove(file);
  EXPECT_EQ(membership({.name = "east", .coordinator = "", .keys = keys(), .invitation = file}, {}).enrolments, member.enrolments);
  EXPECT_EQ(membership({.name = "east", .coordinator = "hub:1", .keys = keys(), .invitation = ""}, {}).coordinator, "hub:1") << "settings come first";
}

TEST_F(MembershipTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(refusal(ErrorCode::kMismatch, [&] { membership({.name = "west", .coordinator = "", .keys = keys(), .invitation = file}, {}); }), HasSubstr("is for \"east\", not for \"west\""));
  EXPECT_THAT(refusal(ErrorCode::kUsage, [&] { membership({.name = "west", .coordinator = "", .keys = keys(), .invitation = ""}, {}); }), HasSubstr("coordinator"));
  fs::remove(file);
  refusal(ErrorCode::kNotFound, [&] { membership({.name = "east", .coordinator = "", .keys = keys(), .invitation = file}, {}); });
}

}  // namespace
}  // namespace consilium::pipelines
