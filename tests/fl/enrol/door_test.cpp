#include "fl/enrol/door.h"

#include "tests/fl/enrol/federation_keys.h"

namespace consilium::fl {
namespace {

using consilium::test::refusal;
using test::at_time;
using testing::AllOf;
using testing::HasSubstr;

class DoorTest : public test::FederationKeys {
 protected:
  DoorTest() {
    enrol_here("east");
    enrol_here("nurse", {.role = Role::kObserver});
    enrol_here("chief", {.role = Role::kAdmin});
  }
  DoorOptions options() const { return {.keys = keys(), .refused = at("refused.json"), .sites = {"east", "west"}, .clock = [this] { return now; }}; }
  std::string pem(const std::string& name) const { return read_file(at(name) / (name + ".crt")); }
  std::string refused(Door& door, const std::string& certificate, Right right) const {
    return refusal(ErrorCode::kRefused, [&] { door.admit(certificate, right); });
  }
  std::int64_t now = wall_seconds();
};

TEST_F(DoorTest, EachRoleMayWhatItMay) {
  Door door(options());
  EXPECT_EQ(door.admit(pem("east"), Right::kTakePart).name, "east");
  EXPECT_NO_THROW(door.admit(pem("east"), Right::kWatch));
  EXPECT_THAT(refused(door, pem("east"), Right::kAdminister), HasSubstr("for the role site, which may not administer"));
  EXPECT_NO_THROW(door.admit(pem("nurse"), Right::kWatch));
  EXPECT_THAT(refused(door, pem("nurse"), Right::kTakePart), HasSubstr("for the role observer, which may not take part"));
  EXPECT_THAT(refused(door, pem("nurse"), Right::kAdminister), HasSubstr("may not administer"));
  EXPECT_NO_THROW(door.admit(pem("chief"), Right::kAdminister));
  EXPECT_NO_THROW(door.admit(pem("chief"), Right::kWatch));
  EXPECT_THAT(refused(door, pem("chief"), Right::kTakePart), HasSubstr("may not take part"));
  EXPECT_NO_THROW(door.admit(pem("nurse"), Right::kObserve));
  EXPECT_NO_THROW(door.admit(pem("chief"), Right::kObserve));
  EXPECT_THAT(refused(door, pem("east"), Right::kObserve), HasSubstr("for the role site, which may not observe the other sites"));
  EXPECT_THAT(refused(door, read_file(keys() / "hub.crt"), Right::kWatch), HasSubstr("for the role coordinator"));
  EXPECT_THAT(refused(door, read_file(keys() / "ca.crt"), Right::kWatch), HasSubstr("no role"));
}

TEST_F(DoorTest, ASiteThatTheFederationDoesNotNameIsTold) {
  Door door(options());
  enrol_here("south");
  EXPECT_THAT(refused(door, pem("south"), Right::kTakePart), AllOf(HasSubstr("\"south\" does not belong to this federation"), HasSubstr("settings")));
  EXPECT_THAT(door.explain(pem("south")), HasSubstr("does not belong"));
  EXPECT_EQ(door.explain(pem("east")), "");
}

TEST_F(DoorTest, WhoeverListensHearsOfMembersThatAreRefusedAndNotOfStrangers) {
  std::vector<std::string> heard;
  DoorOptions listening = options();
  listening.on_refusal = [&](const std::string& who, const std::string& why) { heard.push_back(who + ": " + why); };
  Door door(listening);
  provision(at("foreign"), {.federation = "another"});
  issue_certificate(at("foreign"), "west");
  refused(door, read_file(at("foreign") / "west.crt"), Right::kTakePart);
  EXPECT_THAT(heard, testing::IsEmpty()) << "a stranger chooses its name";
  refused(door, pem("nurse"), Right::kTakePart);
  door.note_refusal("east", "two of them", true);
  EXPECT_THAT(heard, testing::ElementsAre(HasSubstr("nurse: the certificate of"), "east: two of them"));
}

TEST_F(DoorTest, AnOlderGenerationIsToldFromAStranger) {
  Door door(options());
  provision(at("foreign"), {.federation = "another"});
  issue_certificate(at("foreign"), "east");
  const std::string stranger = refused(door, read_file(at("foreign") / "east.crt"), Right::kTakePart);
  EXPECT_THAT(stranger, AllOf(HasSubstr("not signed by this federation's authority"), HasSubstr("ask the owner"), testing::Not(HasSubstr("generation"))));
  provision(at("older"));
  issue_certificate(at("older"), "east");
  EXPECT_THAT(refused(door, read_file(at("older") / "east.crt"), Right::kTakePart), HasSubstr("of an older generation of the federation"));
}

TEST_F(DoorTest, TimeIsToldWithTheClockThatSaysSo) {
  Door door(options());
  now += 1000 * kDay;
  EXPECT_THAT(refused(door, pem("east"), Right::kTakePart), AllOf(HasSubstr("expired on 20"), HasSubstr("the coordinator's clock says " + to_iso_time(now))));
  now = wall_seconds() - 10 * kDay;
  EXPECT_THAT(refused(door, pem("east"), Right::kTakePart), AllOf(HasSubstr("not valid before 20"), HasSubstr("clocks is wrong")));
}

TEST_F(DoorTest, ARevocationTakesEffectAtOnceAndOnOpenStreams) {
  Door door(options());
  const Caller east = door.admit(pem("east"), Right::kTakePart);
  EXPECT_NO_THROW(door.require_current(east));
  revoke(keys(), "east", {.reason = RevocationReason::kLeft});
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { door.require_current(east); }), AllOf(HasSubstr(east.serial), HasSubstr("was revoked on 20"), HasSubstr("(left)")));
  EXPECT_THAT(refused(door, pem("east"), Right::kTakePart), HasSubstr("was revoked on 20"));
  write_file(keys() / "ca.crl", "nonsense");
  EXPECT_THAT(refused(door, pem("east"), Right::kTakePart), HasSubstr("was revoked on 20")) << "a damaged list lets nobody in again";
}

TEST_F(DoorTest, AStreamDoesNotOutliveItsCertificate) {
  Door door(options());
  const Caller east = door.admit(pem("east"), Right::kTakePart);
  now = east.not_after + 1;
  EXPECT_THAT(refusal(ErrorCode::kRefused, [&] { door.require_current(east); }), HasSubstr("expired on 20"));
}

TEST_F(DoorTest, WhoIsRefusedIsListedWithReasonAndCount) {
  {
    Door door(options());
    revoke(keys(), "east");
    for (int n = 0; n < 3; ++n) refused(door, pem("east"), Right::kTakePart);
    now += 5;
    refused(door, pem("nurse"), Right::kTakePart);
    door.close();
  }
  const Json list = read_json(at("refused.json"));
  ASSERT_EQ(list["refused"].size(), 2U);
  EXPECT_EQ(list["refused"][0]["who"], "east");
  EXPECT_EQ(list["refused"][0]["count"], 3);
  EXPECT_EQ(list["refused"][0]["known"], true);
  EXPECT_THAT(list["refused"][0]["why"].get<std::string>(), HasSubstr("revoked"));
  EXPECT_EQ(list["refused"][1]["who"], "nurse");
  Door again(options());
  EXPECT_EQ(again.refused(), list) << "the list outlives a restart";
}

}  // namespace
}  // namespace consilium::fl
